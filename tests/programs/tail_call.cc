// A wrapper ends with a libpq call, which is compiled to a jump: the return address is in the wrapper's
// caller, and not in the wrapper.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>

[[gnu::noinline, gnu::optimize("O2")]] PGconn* wrapped_connect(const char* conninfo) {
    return PQconnectdb(conninfo);
}
[[gnu::noinline, gnu::optimize("O2")]] PGresult* wrapped_exec(PGconn* c, const char* sql) {
    return PQexec(c, sql);
}

int main() {
    PGconn* c = wrapped_connect("");
    PGresult* result = wrapped_exec(c, "select 1");
    bool before = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    setenv("PQSWEEP_TAG", "b", 1);
    result = wrapped_exec(c, "select 1");
    bool after = PQresultStatus(result) == PGRES_FATAL_ERROR;
    PQclear(result);
    PQfinish(c);
    puts(before && after ? "all well" : "wrong");
}
