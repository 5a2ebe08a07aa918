// Takes a PGcancel, has the connection swept and revived, twice, and cancels a statement with it. Another one is freed before the
// second revival. Then the program resets the connection itself, and cancels another statement: the PGcancel is the former session's.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <poll.h>

namespace {

void revive(PGconn* c, const char* tag) {
    setenv("PQSWEEP_TAG", tag, 1);
    PQclear(PQexec(c, "select 1"));
}

// Sends cancels until the statement is over, and prints what became of it.
void run_and_cancel(PGconn* c, PGcancel* cancel, const char* sql) {
    PQsendQuery(c, sql);
    char error[256];
    bool is_over = false;
    while (!is_over && PQcancel(cancel, error, sizeof error)) {
        pollfd fd{PQsocket(c), POLLIN, 0};
        is_over = poll(&fd, 1, 100) > 0;
    }
    while (PGresult* result = PQgetResult(c)) {
        const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        printf("%s\n", !is_over ? error : state ? state : PQresStatus(PQresultStatus(result)));
        PQclear(result);
    }
}

} // namespace

int main() {
    PGconn* c = PQconnectdb("");
    PGcancel* cancel = PQgetCancel(c);
    PGcancel* other = PQgetCancel(c);
    int first_backend = PQbackendPID(c);
    revive(c, "b");
    PQfreeCancel(other);
    revive(c, "c");
    if (PQbackendPID(c) == first_backend)
        return 1;
    PQclear(PQexec(c, "set statement_timeout = '20s'"));
    run_and_cancel(c, cancel, "select pg_sleep(60)");
    PQreset(c);
    run_and_cancel(c, cancel, "select pg_sleep(0.5)");
    PQfreeCancel(cancel);
    PQfinish(c);
}
