// A plugin that does not say which libpq it needs: it takes the one that its host has put into the global scope.
#include <libpq-fe.h>

extern "C" const char* ask() {
    PGconn* c = PQconnectdb("host=/nowhere");
    PGresult* result = PQexec(c, "select 1");
    const char* answer = c && result ? PQgetvalue(result, 0, 0) : "nothing";
    bool is_sent = PQsendQuery(c, "select 1");
    const char* error = PQresultErrorMessage(result);
    bool is_mocks = error && error == PQresultErrorField(result, PG_DIAG_SQLSTATE);
    PQclear(result);
    PQfinish(c);
    return is_sent && is_mocks ? answer : "not sent";
}
