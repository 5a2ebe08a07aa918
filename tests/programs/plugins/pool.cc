// A plugin whose constructor and destructor wait for a thread that connects, as a pool or a logger does. The loader holds its lock
// meanwhile.
// link: -lpq -pthread
#include <cstdio>
#include <libpq-fe.h>
#include <thread>

namespace {

struct Pool {
    static void connect(const char* when) {
        std::thread([=] {
            PGconn* c = PQconnectdb("");
            printf("%s: %s\n", when, PQstatus(c) == CONNECTION_OK ? "connected" : PQerrorMessage(c));
            fflush(stdout);
            PQfinish(c);
        }).join();
    }
    Pool() { connect("constructor"); }
    ~Pool() { connect("destructor"); }
} pool;

} // namespace
