// A program hands its connection to a child that no fork handler knows of, and ends. The child goes on with it.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <sys/syscall.h>
#include <unistd.h>

int main() {
    PGconn* c = PQconnectdb("");
    int ends[2];
    if (pipe(ends) != 0)
        return 1;
    if (syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr) != 0)
        exit(0);
    char byte = 0;
    close(ends[1]);
    (void)!read(ends[0], &byte, 1); // returns when the parent has ended
    PGresult* result = PQexec(c, "select 1");
    puts(PQresultStatus(result) == PGRES_TUPLES_OK ? "all well" : PQerrorMessage(c));
    fflush(stdout);
    _exit(0);
}
