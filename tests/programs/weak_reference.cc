// Can do without libpq: it asks whether the functions are there.
#include <cstdio>
#include <libpq-fe.h>

#pragma weak PQconnectdb
#pragma weak PQexec
#pragma weak PQgetvalue

namespace {

PGconn* (*const in_read_only_data)(const char*) = &PQconnectdb;

} // namespace

int main() {
    if (!in_read_only_data != !PQexec)
        puts("one reference is null and another one is not");
    if (!PQexec)
        puts("no libpq");
    else
        puts(PQgetvalue(PQexec(in_read_only_data("host=/nowhere"), "select 1"), 0, 0));
}
