// Takes a PGcancel, has the connection swept and revived, twice, and cancels a statement with it. Another one is freed before the
// second revival.
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
    PQsendQuery(c, "select pg_sleep(60)");
    char error[256];
    bool is_over = false;
    while (!is_over) {
        if (!PQcancel(cancel, error, sizeof error))
            return 1;
        pollfd fd{PQsocket(c), POLLIN, 0};
        is_over = poll(&fd, 1, 100) > 0;
    }
    while (PGresult* result = PQgetResult(c)) {
        const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        if (state)
            printf("%s %s\n", state, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
        PQclear(result);
    }
    PQfreeCancel(cancel);
    PQfinish(c);
}
