// Forks inside PQexec, where libpq calls the program back, and the child returns into PQexec, too. The parent, which is still inside, ends
// the tag then.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <libpq-events.h>
#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

pid_t child = -1;

int on_event(PGEventId id, void*, void*) {
    if (id != PGEVT_RESULTCREATE || child >= 0)
        return 1;
    child = fork();
    if (child == 0)
        return 1;
    int status = 1;
    waitpid(child, &status, 0);
    puts(status == 0 ? "the child's call returned" : "the child is lost");
    fflush(stdout);
    setenv("PQSWEEP_TAG", "next", 1);
    return 1;
}

} // namespace

int main() {
    PGconn* c = PQconnectdb("");
    PQregisterEventProc(c, on_event, "forks", nullptr);
    PGresult* result = PQexec(c, "select 1");
    if (child == 0)
        _exit(PQntuples(result) == 1 ? 0 : 1);
    PQclear(result);
    PQfinish(c);
}
