// A fake libpq does nearly nothing, so that the shim's own cost shows, and needs no server, so that there can be
// any number of connections. They share one socket. Only connections to "sink" have one each, whose other end is never
// read. The result of a query is there at once.
// link: -Wl,-soname,libpq.so.5
#include <cstdlib>
#include <cstring>
#include <libpq-fe.h>
#include <sys/socket.h>
#include <unistd.h>

struct pg_result {};

struct pg_conn {
    PGTransactionStatusType transaction;
    int results;
    int sink[2];         // -1: it has none
    char buffers[35000]; // real connections are that far apart: each owns two buffers of 16 kB
};

struct pg_cancel {};

namespace {

pg_result the_result;

int the_socket() {
    static const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd;
}

} // namespace

extern "C" {

PGconn* PQconnectStart(const char* conninfo) {
    auto* conn = new PGconn;
    conn->sink[0] = -1;
    if (strncmp(conninfo, "sink", 4) == 0 &&
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, conn->sink) != 0)
        abort();
    return conn;
}

PostgresPollingStatusType PQconnectPoll(PGconn* conn) {
    conn->transaction = PQTRANS_IDLE;
    conn->results = 0;
    return PGRES_POLLING_OK;
}

PGconn* PQconnectdb(const char* conninfo) {
    PGconn* conn = PQconnectStart(conninfo);
    PQconnectPoll(conn);
    return conn;
}

void PQfinish(PGconn* conn) {
    if (conn->sink[0] >= 0)
        for (int end : conn->sink)
            close(end);
    delete conn;
}

int PQsendQuery(PGconn* conn, const char*) {
    conn->transaction = PQTRANS_ACTIVE;
    conn->results = 1;
    return 1;
}

PGresult* PQgetResult(PGconn* conn) {
    if (conn->results == 0) {
        conn->transaction = PQTRANS_IDLE;
        return nullptr;
    }
    conn->results--;
    return &the_result;
}

// Calls its own exported functions, as the real libpq does.
PGresult* PQexec(PGconn* conn, const char* query) {
    while (PQgetResult(conn)) {
    }
    PQsendQuery(conn, query);
    PGresult* last = nullptr;
    while (PGresult* result = PQgetResult(conn))
        last = result;
    return last;
}

int PQconsumeInput(PGconn*) {
    return 1;
}
void PQclear(PGresult*) {}

ConnStatusType PQstatus(const PGconn*) {
    return CONNECTION_OK;
}
PGTransactionStatusType PQtransactionStatus(const PGconn* conn) {
    return conn->transaction;
}
PGpipelineStatus PQpipelineStatus(const PGconn*) {
    return PQ_PIPELINE_OFF;
}
ExecStatusType PQresultStatus(const PGresult*) {
    return PGRES_TUPLES_OK;
}
char* PQerrorMessage(const PGconn*) {
    static char none[] = "";
    return none;
}
int PQsocket(const PGconn* conn) {
    return conn->sink[0] >= 0 ? conn->sink[0] : the_socket();
}
int PQbackendPID(const PGconn*) {
    return 1;
}
char* PQdb(const PGconn*) {
    return nullptr;
}
char* PQuser(const PGconn*) {
    return nullptr;
}
char* PQhost(const PGconn*) {
    return nullptr;
}
const char* PQparameterStatus(const PGconn*, const char*) {
    return nullptr;
}
int PQsslInUse(PGconn*) {
    return 0;
}
int PQisBusy(PGconn*) {
    return 0;
}
int PQisnonblocking(const PGconn*) {
    return 0;
}
int PQsetnonblocking(PGconn*, int) {
    return 0;
}
char* PQcmdStatus(PGresult*) {
    static char tag[] = "SELECT 1";
    return tag;
}

PGcancel* PQgetCancel(PGconn*) {
    return new PGcancel;
}
void PQfreeCancel(PGcancel* cancel) {
    delete cancel;
}
}
