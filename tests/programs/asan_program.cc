// A program built with ASan leaves a connection in a global, as a leak checker allows.
// link: -lpq -fno-sanitize=all -fsanitize=address
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>

PGconn* left;

int main() {
    left = PQconnectdb("");
    setenv("PQSWEEP_TAG", "b", 1);
    PGresult* result = PQexec(left, "select 1");
    puts(PQresultStatus(result) == PGRES_FATAL_ERROR ? "all well" : "not swept");
    PQclear(result);
}
