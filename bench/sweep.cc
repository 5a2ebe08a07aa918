// What closing connections costs their client, by a tag change or by other means.
//
//   sweep tag|finish|terminate|calls|sink     a round for every line `STATE COUNT CONNINFO` of standard input, STATE idle
//                                             or transaction, CONNINFO empty or of a TLS listener
//
//   tag          a tag change, under the shim
//   finish       PQfinish for each
//   terminate    pg_terminate_backend for all, in one statement of another connection
//   calls        the system calls of a sweep, and nothing else
//   sink         those, on sockets whose other ends nobody reads; without a server
//
// A round opens COUNT connections, closes them, and answers with times in microseconds: until the client went on, and
// its CPU time; then, where there is a server, until that had forgotten them.
#include "client.hh"

#include <ctime>
#include <fcntl.h>
#include <map>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

struct Round {
    std::string state;
    size_t count;
    std::string conninfo;

    bool is_encrypted() const { return conninfo.find_first_not_of(' ') != std::string::npos; }
};

using Connections = std::vector<PGconn*>;
using Close = void (*)(Observer&, const Connections&, const Round&, const std::string& pids);

double cpu_microseconds() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e6 + double(time.tv_nsec) * 1e-3;
}

// Calls act(), and prints what that took.
template<class Act>
Clock::time_point measure(Act act) {
    double cpu_start = cpu_microseconds();
    auto start = Clock::now();
    act();
    double client = microseconds_since(start);
    double cpu = cpu_microseconds() - cpu_start;
    std::cout << client << ' ' << cpu;
    return start;
}

void change_tag(Observer&, const Connections&, const Round&, const std::string&) {
    setenv("PQSWEEP_TAG", "sweeps", 1);
}

void finish(Observer&, const Connections& connections, const Round&, const std::string&) {
    for (PGconn* conn : connections)
        PQfinish(conn);
}

void terminate(Observer& observer, const Connections&, const Round&, const std::string& pids) {
    observer.ask("select count(pg_terminate_backend(pid)) from unnest('{" + pids + "}'::int[]) pid");
}

// What the shim does, less what it does it for.
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

void cut_all(Observer&, const Connections& connections, const Round& round, const std::string&) {
    for (PGconn* conn : connections)
        cut(PQsocket(conn), round.is_encrypted());
}

void measure_round(Observer& observer, Close close_all, const Round& round) {
    setenv("PQSWEEP_TAG", "opens", 1);
    bool in_transaction = round.state == "transaction";
    Connections connections;
    std::string pids;
    while (connections.size() < round.count) {
        PGconn* conn = observer.connect(round.conninfo);
        query(conn, in_transaction ? "begin" : "select 1");
        pids += (pids.empty() ? "" : ",") + std::to_string(PQbackendPID(conn));
        connections.push_back(conn);
    }
    observer.await(round.count, in_transaction ? "idle in transaction" : "idle");

    auto start = measure([&] { close_all(observer, connections, round, pids); });
    observer.await(0);
    std::cout << ' ' << microseconds_since(start) << std::endl;
    if (close_all != finish)
        for (PGconn* conn : connections)
            PQfinish(conn);
}

using Pair = std::pair<int, int>;

Pair unix_pair() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        die("no socket pair");
    return {ends[0], ends[1]};
}

Pair tcp_pair() {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    if (bind(listener, generic, length) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, generic, &length) != 0 || connect(near, generic, length) != 0)
        die("no TCP connection to itself");
    int far = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    close(listener);
    return {near, far};
}

void measure_sink(const Round& round) {
    std::vector<Pair> pairs;
    while (pairs.size() < round.count)
        pairs.push_back(round.is_encrypted() ? tcp_pair() : unix_pair());
    measure([&] {
        for (auto [near, far] : pairs)
            cut(near, round.is_encrypted());
    });
    std::cout << std::endl;
    for (auto [near, far] : pairs) {
        close(near);
        close(far);
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::map<std::string, Close> ways{{"tag", change_tag},
                                            {"finish", finish},
                                            {"terminate", terminate},
                                            {"calls", cut_all},
                                            {"sink", nullptr}};
    auto way = ways.find(argc == 2 ? argv[1] : "");
    if (way == ways.end())
        die("tag, finish, terminate, calls or sink?");
    Observer observer;
    Round round;
    while (std::cin >> round.state >> round.count && std::getline(std::cin, round.conninfo)) {
        if (way->second)
            measure_round(observer, way->second, round);
        else
            measure_sink(round);
    }
}
