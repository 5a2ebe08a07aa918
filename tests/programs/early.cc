// A library's constructor connects before main, and before the shim's constructor has run.
// link: -learly -lpq
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>

extern PGconn* early_connection;

int main() {
    setenv("PQSWEEP_TAG", "b", 1);
    PGresult* result = PQexec(early_connection, "select 1");
    puts(PQresultStatus(result) == PGRES_FATAL_ERROR ? "swept" : "not swept");
    PQclear(result);
    PQfinish(early_connection);
}
