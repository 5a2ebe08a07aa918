// Leaks up to the descriptor limit, soft or hard. Then the tag changes, and the program uses a swept connection.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int, char** argv) {
    PGconn* idle = PQconnectdb("");
    const int number = PQsocket(idle);
    PGconn* transaction = PQconnectdb("");
    PGconn* running = PQconnectdb("");
    PQclear(PQexec(transaction, "begin"));
    PQsendQuery(running, "select pg_sleep(60)");
    PQflush(running);

    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    if (strcmp(argv[1], "hard") == 0)
        limit.rlim_max = 64;
    setrlimit(RLIMIT_NOFILE, &limit);
    while (open("/dev/null", O_RDONLY) >= 0) {
    }
    puts("full");
    fflush(stdout);
    char line[16];
    (void)!fgets(line, sizeof line, stdin);
    setenv("PQSWEEP_TAG", "b", 1);
    puts("changed");
    fflush(stdout);
    (void)!fgets(line, sizeof line, stdin);
    PGresult* result = PQexec(idle, "select 1");
    bool works = PQresultStatus(result) == PGRES_TUPLES_OK && PQsocket(idle) == number;
    PQclear(result);
    puts(works ? "revived at the same number" : PQerrorMessage(idle));
    PQfinish(idle);
    PQfinish(transaction);
    PQfinish(running);
}
