// A stand-in for libpq, as test suites have them: it has the few functions that the program under test calls. It calls them
// itself, too, as a library does that has a static libpq in it and exports only part of that.
#include "tests/programs/plugins/asks.cc"

struct pg_conn {};
struct pg_result {};

static pg_conn connection;
static pg_result some_result;
static char value[] = "mock";
static char error[] = "mock's error";

PGconn* PQconnectdb(const char*) {
    return &connection;
}
PGconn* PQconnectStart(const char*) {
    return &connection;
}
void PQfinish(PGconn*) {}
ConnStatusType PQstatus(const PGconn*) {
    return CONNECTION_OK;
}
PGresult* PQexec(PGconn* conn, const char*) {
    return conn ? &some_result : nullptr;
}
int PQsendQuery(PGconn* conn, const char*) {
    return conn != nullptr;
}
char* PQgetvalue(const PGresult*, int, int) {
    return value;
}
char* PQresultErrorMessage(const PGresult* result) {
    return result == &some_result ? error : nullptr;
}
char* PQresultErrorField(const PGresult* result, int) {
    return PQresultErrorMessage(result);
}
void PQclear(PGresult*) {}
