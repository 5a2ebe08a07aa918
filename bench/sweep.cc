// What closing connections costs their client, by a tag change or by PQfinish.
//
//   sweep tag|finish     a round for every line `STATE COUNT` of standard input, STATE idle or transaction
//
// A round opens COUNT connections, closes them, and answers with two times in microseconds: until the client
// went on, and until the server had forgotten them.
#include "client.hh"

#include <ctime>
#include <vector>

namespace {

double cpu_microseconds() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e6 + double(time.tv_nsec) * 1e-3;
}

void finish_all(const std::vector<PGconn*>& connections) {
    for (PGconn* conn : connections)
        PQfinish(conn);
}

void round(Observer& observer, bool by_tag, bool in_transaction, size_t count) {
    setenv("PQSWEEP_TAG", "opens", 1);
    std::vector<PGconn*> connections;
    while (connections.size() < count) {
        connections.push_back(observer.connect());
        query(connections.back(), in_transaction ? "begin" : "select 1");
    }
    observer.await(count, in_transaction ? "idle in transaction" : "idle");

    double cpu_start = cpu_microseconds();
    auto start = Clock::now();
    if (by_tag)
        setenv("PQSWEEP_TAG", "sweeps", 1);
    else
        finish_all(connections);
    double client = microseconds_since(start);
    double cpu = cpu_microseconds() - cpu_start;
    observer.await(0);
    std::cout << client << ' ' << cpu << ' ' << microseconds_since(start) << std::endl;
    if (by_tag)
        finish_all(connections);
}

} // namespace

int main(int argc, char** argv) {
    std::string way = argc == 2 ? argv[1] : "";
    if (way != "tag" && way != "finish")
        die("tag or finish?");
    Observer observer;
    std::string state;
    size_t count = 0;
    while (std::cin >> state >> count)
        round(observer, way == "tag", state == "transaction", count);
}
