// Does what test suites do: shares connections between modules and threads, and leaves others open in whatever they
// do. Each line of input begins a module. The Makefile builds this program in the ways of other projects.
// link: -lpq -pthread
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <thread>

namespace {

PGconn *shared, *of_thread, *in_transaction, *running; // globals, where a leak checker finds them
std::atomic<bool> is_over;

void begin_module(const char* name) {
    fflush(stdout);
    char line[16];
    (void)!fgets(line, sizeof line, stdin);
    setenv("PQSWEEP_TAG", name, 1);
}

void ask(PGconn* c, const char* sql) {
    PGresult* result = PQexec(c, sql);
    puts(PQntuples(result) ? PQgetvalue(result, 0, 0) : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    PQclear(result);
}

void use(PGconn* c) {
    while (!is_over) {
        PQclear(PQexec(c, "select 1"));
        if (PQstatus(c) == CONNECTION_BAD)
            PQreset(c);
    }
}

} // namespace

int main() {
    for (PGconn** c : {&shared, &of_thread, &in_transaction, &running})
        *c = PQconnectdb("");
    PQclear(PQexec(in_transaction, "begin"));
    PQsendQuery(running, "select pg_sleep(60)");
    puts("open");
    begin_module("b");
    puts("changed");
    begin_module("c");
    ask(shared, "select 'revived'");
    std::thread(ask, of_thread, "select 'revived in a thread'").join();
    ask(in_transaction, "select 'not reached'");
    begin_module("d");
    std::thread threads[] = {std::thread(use, shared), std::thread(use, of_thread)};
    for (const char* tag : {"e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r"}) {
        setenv("PQSWEEP_TAG", tag, 1);
        std::this_thread::yield();
    }
    is_over = true;
    for (std::thread& thread : threads)
        thread.join();
    for (PGconn* c : {shared, of_thread, in_transaction})
        PQfinish(c);
    puts("done");
}
