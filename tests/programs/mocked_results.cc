// Uses libpq, and a stand-in before it for what reads a result's error, with a result that is none of libpq's.
// link: -lresults -lpq
#include <cstdio>
#include <libpq-fe.h>

int main() {
    static const char none[4096] = {};
    auto* result = reinterpret_cast<const PGresult*>(none);
    PQfinish(PQconnectdb("host=/nowhere"));
    puts(PQresultErrorMessage(result));
    puts(PQresultErrorField(result, PG_DIAG_SQLSTATE));
}
