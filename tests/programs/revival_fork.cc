// A child that inherited a swept connection uses it, then its owner does.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

int main() {
    PGconn* c = PQconnectdb("");
    setenv("PQSWEEP_TAG", "b", 1);
    pid_t child = fork();
    if (child == 0) {
        PQclear(PQexec(c, "select 1"));
        printf("child: %.*s\n", 41, PQerrorMessage(c));
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    PGresult* result = PQexec(c, "select 1");
    printf("parent: %s\n", PQntuples(result) ? PQgetvalue(result, 0, 0) : PQerrorMessage(c));
    PQclear(result);
    PQfinish(c);
}
