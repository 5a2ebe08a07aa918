// A child uses a connection of its parent's that the parent has finished meanwhile. Then the parent opened another one.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

int main() {
    PGconn* c = PQconnectdb("");
    int turn[2];
    if (pipe(turn) != 0)
        return 3;
    pid_t child = fork();
    if (child == 0) {
        char byte = 0;
        if (read(turn[0], &byte, 1) == 1)
            PQclear(PQexec(c, "select 1"));
        exit(0);
    }
    PQfinish(c);
    setenv("PQSWEEP_TAG", "other", 1);
    PGconn* another = PQconnectdb("");
    if (write(turn[1], "", 1) != 1)
        return 3;
    waitpid(child, nullptr, 0);
    PQclear(PQexec(another, "select 1"));
    PQfinish(another);
}
