// A thread with a cancellation pending makes the first connection. Then another thread connects.
// link: -lpq -pthread
#include <cstdio>
#include <libpq-fe.h>
#include <pthread.h>
#include <unistd.h>

namespace {

void* connect_cancelled(void*) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    pthread_cancel(pthread_self());
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
    return PQconnectdb(""); // libpq has cancellation points
}

} // namespace

int main() {
    pthread_t thread{};
    void* result = nullptr;
    pthread_create(&thread, nullptr, connect_cancelled, nullptr);
    pthread_join(thread, &result);
    PGconn* c = PQconnectdb("");
    puts(result == PTHREAD_CANCELED && PQstatus(c) == CONNECTION_OK ? "all well" : "not as expected");
    fflush(stdout);
    _exit(0);
}
