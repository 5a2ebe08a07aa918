// A plugin whose constructor and destructor wait for a thread that connects, as a pool or a logger does. The loader holds its lock
// meanwhile. It is without libgcc_s, as a plugin in C is.
// link: -lpq -pthread -nodefaultlibs -lc -fno-exceptions -fno-sanitize=all
#include <cstdio>
#include <libpq-fe.h>
#include <pthread.h>

namespace {

void* connect(void* when) {
    PGconn* c = PQconnectdb("");
    printf("%s: %s\n", static_cast<const char*>(when),
           PQstatus(c) == CONNECTION_OK ? "connected" : PQerrorMessage(c));
    fflush(stdout);
    PQfinish(c);
    return nullptr;
}

void connect_in_thread(const char* when) {
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, connect, const_cast<char*>(when)) == 0)
        pthread_join(thread, nullptr);
}

struct Pool {
    Pool() { connect_in_thread("constructor"); }
    ~Pool() { connect_in_thread("destructor"); }
} pool;

} // namespace
