// A daemon closes its stderr, and its data file gets the number. Then it leaves a straggler.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <libpq-fe.h>
#include <unistd.h>

int main(int, char** argv) {
    close(STDERR_FILENO);
    if (open(argv[1], O_WRONLY | O_CREAT, 0600) != STDERR_FILENO || write(STDERR_FILENO, "data\n", 5) != 5)
        return 1;
    setenv("PQSWEEP_TAG", "a", 1);
    PGconn* c = PQconnectdb("");
    PQclear(PQexec(c, "begin"));
    setenv("PQSWEEP_TAG", "b", 1);
    puts(PQstatus(c) == CONNECTION_OK ? "all well" : "not connected");
}
