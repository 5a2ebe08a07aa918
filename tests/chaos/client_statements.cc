#include "tests/chaos/client.hh"

#include <csignal>
#include <poll.h>

namespace pqsweep::chaos {

void Client::query(Held& held) {
    execute(held.conn, below(2) ? "select 1" : "select count(*) from pg_class");
}

void Client::fail(Held& held) {
    execute(held.conn, "select 1/0");
}

void Client::begin(Held& held) {
    execute(held.conn, "begin");
}

void Client::end(Held& held) {
    execute(held.conn, below(2) ? "commit" : "rollback");
}

void Client::set(Held& held) {
    execute(held.conn, below(2) ? "set lock_timeout = '7s'" : "set time zone 'Asia/Tokyo'");
}

void Client::prepare(Held& held) {
    PQclear(PQprepare(held.conn, "one", "select $1::int + 1", 0, nullptr));
    const char* values[] = {"41"};
    for (unsigned i = below(3); i > 0; i--)
        PQclear(PQexecPrepared(held.conn, "one", 1, values, nullptr, nullptr, 0));
}

void Client::make_temporary(Held& held) {
    execute(held.conn, "create temporary table t as select 1");
}

void Client::listen(Held& held) {
    execute(held.conn, below(3) ? "listen chaos" : "unlisten *");
    execute(held.conn, "notify chaos");
}

void Client::notifies(Held& held) {
    PQconsumeInput(held.conn);
    while (PGnotify* notification = PQnotifies(held.conn))
        PQfreemem(notification);
}

void Client::copy_in(Held& held) {
    execute(held.conn, "create table if not exists pg_temp.copied(t text)");
    execute(held.conn, "copy pg_temp.copied from stdin");
    for (unsigned i = below(20); i > 0; i--)
        PQputCopyData(held.conn, "a line\n", 7);
    if (below(3) == 0)
        return;
    PQputCopyEnd(held.conn, below(2) ? nullptr : "no more");
    drain(held.conn);
}

void Client::copy_out(Held& held) {
    execute(held.conn, "copy (select generate_series(1, 10000)) to stdout");
    char* line = nullptr;
    for (unsigned i = below(2) ? 100 : 100'000; i > 0 && PQgetCopyData(held.conn, &line, 0) > 0; i--)
        PQfreemem(line);
    if (below(3))
        drain(held.conn);
}

void Client::pipeline(Held& held) {
    if (PQenterPipelineMode(held.conn) != 1)
        return;
    for (unsigned i = 1 + below(5); i > 0; i--)
        PQsendQueryParams(held.conn, below(8) ? "select 1" : "select 1/0", 0, nullptr, nullptr, nullptr,
                          nullptr, 0);
    PQpipelineSync(held.conn);
    if (below(4) == 0)
        return; // the next use finds out
    drain(held.conn);
    PQexitPipelineMode(held.conn);
}

void Client::send(Held& held) {
    PQsendQuery(held.conn, below(2) ? "select pg_sleep(0.3)" : "select 1");
    PQflush(held.conn);
}

void Client::receive(Held& held) {
    drain(held.conn);
    PQexitPipelineMode(held.conn);
}

void Client::nonblocking(Held& held) {
    PQsetnonblocking(held.conn, !PQisnonblocking(held.conn));
    PQsendQuery(held.conn, "select repeat('x', 100000)");
    drain(held.conn);
}

// PQcancel, unlike the rest of libpq, can raise SIGPIPE when the server goes down.
void Client::cancel(Held& held) {
    char error[256];
    sigset_t pipe, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    PGcancel* cancel = PQgetCancel(held.conn);
    PQcancel(cancel, error, sizeof error);
    PQfreeCancel(cancel);
    timespec no_time{};
    sigtimedwait(&pipe, nullptr, &no_time);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Waits until there is a result, or no sense in waiting for one.
bool Client::await(PGconn* conn) {
    for (int i = 0; PQflush(conn) == 1 || PQisBusy(conn); i++) {
        pollfd fd{PQsocket(conn), POLLIN, 0};
        if (i == 1000 || poll(&fd, 1, 3000) <= 0 || !PQconsumeInput(conn))
            return false;
    }
    return true;
}

// Takes all results; in a pipeline, up to its end.
void Client::drain(PGconn* conn) {
    bool is_in_pipeline = PQpipelineStatus(conn) != PQ_PIPELINE_OFF;
    for (int nulls = 0; nulls < 10 && await(conn);) {
        PGresult* result = PQgetResult(conn);
        ExecStatusType status = PQresultStatus(result);
        PQclear(result);
        if (status == PGRES_COPY_OUT) {
            char* line = nullptr;
            while (PQgetCopyData(conn, &line, 0) > 0)
                PQfreemem(line);
        } else if (status == PGRES_COPY_IN) {
            PQputCopyEnd(conn, nullptr);
        }
        if (status == PGRES_PIPELINE_SYNC || (!result && !is_in_pipeline))
            return;
        nulls += !result;
    }
}

} // namespace pqsweep::chaos
