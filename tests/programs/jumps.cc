// A signal handler jumps out of a blocked libpq call, as in DBI's recipe for time-outs, and a thread is
// cancelled inside one. The connections can be swept and used as far as libpq itself permits.
// link: -lpq -pthread
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <pthread.h>
#include <unistd.h>

namespace {

sigjmp_buf escape;
PGconn* jumped;
PGconn* cancelled;

void* sleep_on_server(void*) {
    PQclear(PQexec(cancelled, "select pg_sleep(60)"));
    return nullptr;
}

} // namespace

int main() {
    jumped = PQconnectdb("");
    cancelled = PQconnectdb("");
    struct sigaction action {};
    action.sa_handler = [](int) { siglongjmp(escape, 1); };
    sigaction(SIGALRM, &action, nullptr);
    if (sigsetjmp(escape, 1) == 0) {
        ualarm(50000, 0);
        PQclear(PQexec(jumped, "select pg_sleep(60)"));
    }
    pthread_t thread{};
    pthread_create(&thread, nullptr, sleep_on_server, nullptr);
    usleep(50000);
    pthread_cancel(thread);
    pthread_join(thread, nullptr);
    puts("both were left");
    fflush(stdout);
    char line[16];
    (void)!fgets(line, sizeof line, stdin);
    setenv("PQSWEEP_TAG", "b", 1);
    puts("changed");
    fflush(stdout);
    (void)!fgets(line, sizeof line, stdin);
    PQfinish(jumped);
    PQfinish(cancelled);
}
