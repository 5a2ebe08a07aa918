#include "shim/lifecycle/sessions.hh"

#include "shim/base/text.hh"
#include "shim/lifecycle/notices.hh"
#include "shim/lifecycle/protocol.hh"

namespace pqsweep::sessions {

constinit PerConnection<Slot> slots{};

namespace {

// `result` has one row.
uint32_t refused(const Libpq& libpq, const PGresult* result) {
    constexpr int most = 32;
    uint32_t columns = 0;
    int n = libpq.PQnfields(result);
    for (int i = 0; i < n && i < most; i++) {
        const char* value = libpq.PQgetvalue(result, 0, i);
        bool is_true = value && (value[0] == 't' || value[0] == 1);
        columns |= static_cast<uint32_t>(!is_true) << i;
    }
    return columns;
}

// Prepares the statement, or an empty one of its name.
PGresult* prepare(const Libpq& libpq, PGconn* conn, const Note& note, bool is_whole) {
    bool has_types = is_whole && note.count;
    return libpq.PQprepare(conn, note.key().data(), is_whole ? note.text().data() : "",
                           has_types ? static_cast<int>(note.count) : 0, has_types ? note.types() : nullptr);
}

PGresult* deallocate(const Libpq& libpq, PGconn* conn, std::string_view name) {
    char buffer[160];
    Text sql(buffer);
    sql.raw("deallocate \"");
    for (char c : name)
        sql.raw({&c, 1}).raw(c == '"' ? std::string_view("\"") : std::string_view());
    sql.raw("\"").raw(protocol::nul);
    return libpq.PQexec(conn, buffer);
}

} // namespace

bool begin(const Table& table, const Connection& c) {
    if (!slots.reach(table, c))
        return false;
    forget(table, c);
    notice_receiver(table, c) = {};
    return true;
}

void forget(const Table& table, const Connection& c) {
    of(table, c).forget();
    result_in_progress(table, c) = {};
}

Dialect dialect_of(const Connection& c, const PGconn* conn) {
    constexpr int first_wide = 35; // PG_SJIS
    Dialect dialect;
    const char* conforming = c.libpq->PQparameterStatus(conn, "standard_conforming_strings");
    int encoding = c.libpq->PQclientEncoding(conn);
    dialect.escapes = conforming && strcmp(conforming, "off") == 0;
    dialect.is_wide = encoding >= first_wide;
    dialect.encoding = static_cast<int8_t>(encoding);
    return dialect;
}

OutOfPipeline::OutOfPipeline(const Libpq& libpq, PGconn* conn) : libpq_(libpq), conn_(conn) {
    was_inside_ = libpq.pipeline_status(conn) == PQ_PIPELINE_ON && libpq.PQexitPipelineMode(conn) == 1;
}

OutOfPipeline::~OutOfPipeline() {
    if (was_inside_)
        libpq_.PQenterPipelineMode(conn_);
}

PGresult* make_left_out(const Table& table, const Connection& c, PGconn* conn, Note& note,
                        Session::Need need) {
    const Libpq& libpq = *c.libpq;
    notices::Silence silence(table, c, conn);
    bool is_name = need == Session::Need::name;
    if (is_name && note.has_stand_in)
        return nullptr;
    if (note.has_stand_in)
        libpq.PQclear(deallocate(libpq, conn, note.key()));
    PGresult* result = !is_name && note.by_sql ? libpq.PQexec(conn, note.text().data())
                                               : prepare(libpq, conn, note, !is_name);
    bool is_done = libpq.PQresultStatus(result) == PGRES_COMMAND_OK;
    note.is_left_out = is_name || !is_done;
    note.has_stand_in = is_name && is_done;
    if (!is_done)
        return result;
    libpq.PQclear(result);
    return nullptr;
}

void make_all_left_out(const Table& table, const Connection& c, PGconn* conn) {
    const Libpq& libpq = *c.libpq;
    // Prepared statements outlive the transaction, and its end takes the time-out back.
    constexpr const char* begin = "begin isolation level read committed; set local lock_timeout = '100ms'";
    of(table, c).each_left_out([&](Note& note) {
        PGresult* begun = libpq.PQexec(conn, begin);
        if (libpq.PQresultStatus(begun) == PGRES_COMMAND_OK)
            libpq.PQclear(make_left_out(table, c, conn, note, Session::Need::statement));
        libpq.PQclear(begun);
        libpq.PQclear(libpq.PQexec(conn, "rollback"));
    });
}

void got(const Connection& c, ResultInProgress& in_progress, Session& session, const PGresult* result) {
    if (!result) {
        session.gets(!in_progress.has_failed, in_progress.tag, ~in_progress.refused);
        in_progress = {};
        return;
    }
    ExecStatusType status = c.libpq->PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC)
        return session.syncs();
    in_progress.has_failed |=
        status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_PIPELINE_ABORTED;
    if (!session.awaits_result())
        return;
    if (c.libpq->PQntuples(result) == 1)
        in_progress.refused = refused(*c.libpq, result);
    in_progress.is_complete = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    const char* tag = c.libpq->PQcmdStatus(const_cast<PGresult*>(result));
    size_t length = strnlen(tag, sizeof in_progress.tag - 1);
    memcpy(in_progress.tag, tag, length);
    in_progress.tag[length] = 0;
}

void discard(const Connection& c, ResultInProgress& in_progress, Session& session) {
    if (in_progress.is_complete && session.awaits_one()) {
        got(c, in_progress, session, nullptr);
        session.syncs();
    }
    in_progress = {};
    session.discards();
}

uint8_t settled(const Connection& c, Session& session) {
    bool is_over = !is_busy(c.activity) && c.activity != Activity::lost;
    bool is_doubtful = c.is_doubtful();
    if (is_over || session.is_empty()) {
        if (!session.is_empty())
            session.settles(c.activity != Activity::idle);
        is_doubtful = session.loss() != Loss::none;
    }
    uint8_t comes_to = is_doubtful && is_revivable(c) ? InSession::doubt : 0;
    if (session.is_empty())
        return comes_to;
    if (comes_to && (is_over ? session.can_be_asked() : c.can_be_asked()))
        comes_to |= InSession::question;
    return comes_to | InSession::something | (session.has_timeout() ? InSession::timeout : 0) |
           (session.holds_lock() ? InSession::lock : 0);
}

} // namespace pqsweep::sessions
