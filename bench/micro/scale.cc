// Measures a table full of connections, with the fake libpq.
//
//   scale live COUNT TAGS   opens COUNT connections under TAGS tags and sweeps none. Prints after each tenth: how many are
//                           open, ns to open one, ns to use ten in turn, ns to use all in an order that defeats caches,
//                           the private bytes of the process
//   scale turnover TIMES    opens and finishes a connection TIMES times. Prints for each tenth: ns for one
//   scale overflow MORE     fills the table, opens MORE, uses and finishes those. Prints how many worked
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <libpq-fe.h>
#include <string>
#include <time.h>
#include <vector>

namespace {

// Returns the CPU time of this thread.
double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e9 + double(time.tv_nsec);
}

// Returns the private bytes of this process.
double private_bytes() {
    std::ifstream rollup("/proc/self/smaps_rollup");
    double sum = 0;
    std::string word;
    while (rollup >> word)
        if (double kilobytes = 0; word == "Private_Dirty:" && rollup >> kilobytes)
            sum += 1024 * kilobytes;
    return sum;
}

void set_tag(size_t number) {
    setenv("PQSWEEP_TAG", ("tests/test_" + std::to_string(number) + ".py").c_str(), 1);
}

// Uses `users` connections in turn. If that is all of them, each is far from the one before.
double time_use(const std::vector<PGconn*>& connections, size_t users) {
    constexpr int times = 100'000;
    size_t step = users == connections.size() ? 7919 : connections.size() / users;
    double start = now();
    for (size_t i = 0; i < times; i++)
        PQclear(PQexec(connections[i % users * step % connections.size()], ""));
    return (now() - start) / times;
}

void live(size_t count, size_t tags) {
    std::vector<PGconn*> connections;
    connections.reserve(count);
    set_tag(0);
    connections.push_back(PQconnectdb(""));
    for (size_t tenth = 1; tenth <= 10; tenth++) {
        double spent = 0;
        size_t first = connections.size();
        while (connections.size() < count * tenth / 10) {
            if (size_t wanted = connections.size() * tags / count;
                wanted * count / tags == connections.size())
                set_tag(wanted);
            double start = now();
            connections.push_back(PQconnectdb(""));
            spent += now() - start;
        }
        double few = time_use(connections, 10);
        double all = time_use(connections, connections.size());
        printf("%zu %.1f %.1f %.1f %.0f\n", connections.size(), spent / double(connections.size() - first),
               few, all, private_bytes());
    }
    fflush(stdout);
    _Exit(0);
}

void turnover(size_t times) {
    setenv("PQSWEEP_TAG", "turnover", 1);
    for (int tenth = 0; tenth < 10; tenth++) {
        double start = now();
        for (size_t i = 0; i < times / 10; i++)
            PQfinish(PQconnectdb(""));
        printf("%.1f\n", (now() - start) / (double(times) / 10));
    }
}

void overflow(size_t more) {
    constexpr size_t capacity = 65'536;
    setenv("PQSWEEP_TAG", "overflow", 1);
    std::vector<PGconn*> connections;
    while (connections.size() < capacity + more)
        connections.push_back(PQconnectdb(""));
    size_t working = 0;
    for (size_t i = capacity; i < connections.size(); i++) {
        PGresult* result = PQexec(connections[i], "");
        working += PQresultStatus(result) == PGRES_TUPLES_OK;
        PQclear(result);
        PQfinish(connections[i]);
    }
    printf("%zu\n", working);
}

} // namespace

int main(int argc, char** argv) {
    std::string what = argc > 2 ? argv[1] : "";
    if (what == "live" && argc == 4)
        live(size_t(atol(argv[2])), size_t(atol(argv[3])));
    else if (what == "turnover")
        turnover(size_t(atol(argv[2])));
    else if (what == "overflow")
        overflow(size_t(atol(argv[2])));
    else
        return 2;
}
