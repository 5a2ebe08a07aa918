// Measures what it costs a client to close connections, by a tag change or in other ways.
//
//   sweep WAY [sink]     a round for every line `STATE COUNT CONNINFO` of standard input, STATE idle or transaction, CONNINFO
//                        empty or of a TLS listener; WAY is one of
//
//   tag          a tag change, under the shim
//   finish       PQfinish for each
//   terminate    pg_terminate_backend for all, in one statement of another connection
//   calls        the system calls of a sweep, and nothing else
//
// A round opens COUNT connections, closes them, and prints microseconds: until the client went on, its CPU time, and
// until the server had forgotten them. `sink` uses the fake libpq, and no server.
#include "bench/micro/client.hh"

#include <ctime>
#include <fcntl.h>
#include <map>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

struct Round {
    std::string state;
    size_t count = 0;
    std::string conninfo;
    std::vector<PGconn*> connections{};

    bool is_encrypted() const { return conninfo.find_first_not_of(' ') != std::string::npos; }
    bool is_in_transaction() const { return state == "transaction"; }
    std::string pids() const {
        std::string all;
        for (PGconn* conn : connections)
            all += (all.empty() ? "" : ",") + std::to_string(PQbackendPID(conn));
        return all;
    }
};

using Close = void (*)(const Observer*, const Round&);

double cpu_microseconds() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e6 + double(time.tv_nsec) * 1e-3;
}

void change_tag(const Observer*, const Round&) {
    setenv("PQSWEEP_TAG", "sweeps", 1);
}

void finish(const Observer*, const Round& round) {
    for (PGconn* conn : round.connections)
        PQfinish(conn);
}

void terminate(const Observer* observer, const Round& round) {
    observer->ask("select count(pg_terminate_backend(pid)) from unnest('{" + round.pids() + "}'::int[]) pid");
}

// Makes the system calls of a sweep, and no more.
void cut(int fd, bool is_encrypted) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    if (copy < 0 || getsockopt(copy, SOL_SOCKET, SO_COOKIE, &cookie, &length) != 0)
        die("no duplicate of a socket");
    if (!is_encrypted && send(copy, "X\0\0\0\4", 5, MSG_NOSIGNAL | MSG_DONTWAIT) != 5)
        die("a socket takes no Terminate");
    shutdown(copy, SHUT_RDWR);
    close(copy);
}

void cut_all(const Observer*, const Round& round) {
    for (PGconn* conn : round.connections)
        cut(PQsocket(conn), round.is_encrypted());
}

void open_all(const Observer* observer, Round& round) {
    setenv("PQSWEEP_TAG", "opens", 1);
    while (round.connections.size() < round.count) {
        PGconn* conn = observer ? observer->connect(round.conninfo) : connect("sink");
        if (observer)
            query(conn, round.is_in_transaction() ? "begin" : "select 1");
        round.connections.push_back(conn);
    }
    if (observer)
        observer->await(round.count, round.is_in_transaction() ? "idle in transaction" : "idle");
}

void measure(const Observer* observer, Close close_all, Round round) {
    open_all(observer, round);
    double cpu_start = cpu_microseconds();
    auto start = Clock::now();
    close_all(observer, round);
    double client = microseconds_since(start);
    std::cout << client << ' ' << cpu_microseconds() - cpu_start;
    if (observer) {
        observer->await(0);
        std::cout << ' ' << microseconds_since(start);
    }
    std::cout << std::endl;
    if (close_all != finish)
        finish(observer, round);
}

} // namespace

int main(int argc, char** argv) {
    const std::map<std::string, Close> ways{
        {"tag", change_tag}, {"finish", finish}, {"terminate", terminate}, {"calls", cut_all}};
    auto way = ways.find(argc > 1 ? argv[1] : "");
    if (way == ways.end())
        die("tag, finish, terminate or calls?");
    bool is_sink = argc > 2 && std::string(argv[2]) == "sink";
    Observer* observer = is_sink ? nullptr : new Observer;
    Round round;
    while (std::cin >> round.state >> round.count && std::getline(std::cin, round.conninfo))
        measure(observer, way->second, round);
}
