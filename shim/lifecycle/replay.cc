#include "shim/lifecycle/replay.hh"

#include "shim/base/clock.hh"
#include "shim/base/text.hh"
#include "shim/session/sql/tokens.hh"

#include <cstring>

namespace pqsweep::replay {

ClientState::ClientState(const Libpq& libpq, PGconn* conn) : libpq_(libpq), conn_(conn) {
    is_nonblocking_ = libpq.PQisnonblocking(conn);
    has_pipeline_ = libpq.pipeline_status(conn) == PQ_PIPELINE_ON;
    take_settings();
}

void ClientState::take_settings() {
    for (size_t i = 0; i < setting_count; i++) {
        const char* value = libpq_.PQparameterStatus(conn_, reported_settings[i]);
        size_t size = value ? strlen(value) + 1 : 0;
        is_known_[i] = size > 0 && size <= sizeof values_[i];
        if (is_known_[i])
            memcpy(values_[i], value, size);
    }
}

void ClientState::put_back() const {
    if (has_pipeline_)
        libpq_.PQenterPipelineMode(conn_);
    if (is_nonblocking_)
        libpq_.PQsetnonblocking(conn_, 1);
}

uint32_t ClientState::changed_settings() const {
    uint32_t changed = 0;
    for (size_t i = 0; i < setting_count; i++) {
        const char* now = libpq_.PQparameterStatus(conn_, reported_settings[i]);
        if (is_known_[i] && now && strcmp(now, values_[i]) != 0)
            changed |= 1u << i;
    }
    return changed;
}

bool ClientState::escapes() const {
    const char* conforming = libpq_.PQparameterStatus(conn_, reported_settings[strings_setting]);
    return conforming && strcmp(conforming, "off") == 0;
}

uint32_t ClientState::host_fingerprint() const {
    const char* host = libpq_.PQhost(conn_);
    const char* port = libpq_.PQport(conn_);
    return fnv1a(host ? host : "") * 31 + fnv1a(port ? port : "");
}

namespace {

// Gives the new session everything that the last one had: sends all of it in one pipeline, and then reads the outcomes by
// going the same way again. That is one round trip. Falls back to one statement after the other if libpq (before 14) has no
// pipelines.
class Replay {
public:
    Replay(const Libpq& libpq, PGconn* conn, Session& session, ClientState& state, Before before,
           int64_t deadline)
        : libpq_(libpq), conn_(conn), session_(session), state_(state), before_(before), deadline_(deadline),
          syncs_each_(before == Before::rollback) {}

    Outcome run() {
        if (opens_transaction())
            state_.take_settings();
        changed_ = state_.changed_settings();
        if (!state_.is_same_host())
            return Outcome::failed;
        unset_ = changed_without_note();
        give_all();
        if (has_refusal_ && !syncs_each_ && !is_lost_)
            start_over();
        if (is_pipelined_ && (is_lost_ || libpq_.PQexitPipelineMode(conn_) != 1))
            return Outcome::lost;
        return is_good_ ? Outcome::all : Outcome::failed;
    }

private:
    void give_all() {
        walk();
        reads_ = is_pipelined_;
        if (reads_)
            walk();
    }

    // The server's refusal of one item undid all that shared its Sync, but for prepared statements. If that item waited for a lock,
    // the next one can, too: no statement is prepared then before it is needed.
    void start_over() {
        starts_over_ = syncs_each_ = is_good_ = true;
        reads_ = false;
        give_all();
    }

    // Returns which settings the new session has otherwise although its owner has set neither them nor what they depend on.
    uint32_t changed_without_note() const {
        uint32_t changed = changed_ & ~(1u << encoding_setting | 1u << strings_setting | 1u << name_setting);
        session_.each([&](const Note& note) {
            for (size_t i = 0; i < setting_count; i++)
                if (sets(note, reported_settings[i]))
                    changed &= ~(1u << i);
        });
        return changed;
    }

    void walk() {
        encoding_ = state_.encoding();
        escapes_ = state_.escapes();
        if (starts_over_) {
            if (opens_transaction())
                is_good_ &= statement("rollback");
            is_good_ &= statement("discard all");
        } else if (!syncs_each_ && prepares_any()) {
            limit_waits();
        }
        if (session_.has_created())
            is_good_ &= !creates_temporarily();
        for (size_t i = 0; i < setting_count; i++)
            if (unset_ >> i & 1)
                is_good_ &= !has_default(reported_settings[i]);
        Note* unnamed = nullptr;
        session_.each([&](Note& note) {
            if (note.act == Act::prepare && note.key().empty()) {
                unnamed = &note;
                return;
            }
            set_dialect(note);
            give(note);
        });
        session_.each_past(
            [&](const char* key, const Note* now) { is_good_ &= now ? item(*now) : setting(key, nullptr); });
        for (size_t i = 0; i < setting_count; i++)
            if (changed_ >> i & 1)
                is_good_ &= put_back(i);
        if (opens_transaction())
            is_good_ &= statement("begin");
        // All else that is sent takes its place. What changes the dialect does, too, so it needs no other one.
        if (unnamed)
            give(*unnamed);
        sync();
    }

    bool opens_transaction() const { return before_ != Before::work; }

    bool prepares_any() const {
        bool any = false;
        session_.each([&](const Note& note) { any |= note.act == Act::prepare && !is_to_be_left_out(note); });
        return any;
    }

    // Until the Sync. To prepare a statement takes locks, which this thread itself can hold through another connection.
    void limit_waits() { statement("select pg_catalog.set_config('lock_timeout', '100ms', true)"); }

    void give(Note& note) {
        if (note.act != Act::prepare)
            is_good_ &= item(note);
        else if (before_ != Before::rollback || !note.is_harmless)
            session_.leave_out(note, is_to_be_left_out(note) || !item(note));
    }

    bool is_to_be_left_out(const Note& note) const { return starts_over_ ? has_waited_ : note.is_left_out; }

    // libpq's word counts more than the notes, unless it is not the old session's.
    bool put_back(size_t i) {
        Note* last = nullptr;
        session_.each([&](Note& note) {
            if (opens_transaction() && sets(note, reported_settings[i]))
                last = &note;
        });
        if (last)
            return item(*last);
        return !state_.value(i) || setting(reported_settings[i], state_.value(i));
    }

    static bool sets(const Note& note, const char* name) {
        return is_setting(note.act) && !note.is_past && Token{Token::Kind::word, name}.is(note.key());
    }

    // A text means what it meant when it was sent only under the same settings.
    void set_dialect(const Note& note) {
        bool is_ascii = true, has_backslash = false;
        for (std::string_view text : {note.key(), note.text()}) {
            for (char c : text) {
                is_ascii &= static_cast<unsigned char>(c) < 0x80;
                has_backslash |= c == '\\';
            }
        }
        if (!is_ascii && note.encoding >= 0 && note.encoding != encoding_) {
            encoding_ = static_cast<unsigned char>(note.encoding);
            changed_ |= 1u << encoding_setting;
            is_good_ &= setting(reported_settings[encoding_setting], libpq_.pg_encoding_to_char(encoding_));
        }
        if (has_backslash && note.escapes != escapes_) {
            escapes_ = note.escapes;
            changed_ |= 1u << strings_setting;
            is_good_ &= setting(reported_settings[strings_setting], escapes_ ? "off" : "on");
        }
    }

    bool item(const Note& note) {
        if (note.act == Act::prepare && !note.by_sql)
            return prepare(note.key().data(), note.text().data(), static_cast<int>(note.count),
                           note.count ? note.types() : nullptr);
        if (note.act == Act::define || note.act == Act::unset)
            return setting(note.key().data(), nullptr);
        if (is_setting(note.act) && note.key() == reported_settings[encoding_setting])
            encoding_ = -1; // and no text's, until it is set
        if (note.is_value)
            return setting(note.key().data(), note.text().data());
        return statement(note.text().data());
    }

    bool statement(const char* sql) { return parameters(sql, 0, nullptr); }

    bool setting(const char* name, const char* value) {
        const char* values[] = {name, value};
        return parameters("select pg_catalog.set_config($1, $2, false)", 2, values);
    }

    // Returns whether the setting comes from ALTER ROLE or ALTER DATABASE. If the session has not set it and has it otherwise, that has
    // changed since: RESET would give another value than in the session that went.
    bool has_default(const char* name) {
        const char* values[] = {name};
        return has_row("select from pg_catalog.pg_settings where name = $1 "
                       "and source in ('database', 'user', 'database user')",
                       1, values);
    }

    // Returns whether what a session creates without having set a search_path is temporary.
    bool creates_temporarily() {
        return has_row("select where pg_catalog.current_setting('search_path') like '%pg_temp%'", 0, nullptr);
    }

    bool has_row(const char* sql, int n, const char* const* values) {
        has_rows_ = false;
        return parameters(sql, n, values) && has_rows_;
    }

    bool parameters(const char* sql, int n, const char* const* values) {
        begin();
        if (reads_)
            return outcome();
        if (!is_pipelined_)
            return is_fine(libpq_.PQexecParams(conn_, sql, n, nullptr, values, nullptr, nullptr, 0));
        return sent(libpq_.PQsendQueryParams(conn_, sql, n, nullptr, values, nullptr, nullptr, 0));
    }

    bool prepare(const char* name, const char* sql, int n, const Oid* types) {
        begin();
        if (reads_)
            return outcome();
        if (!is_pipelined_)
            return is_fine(libpq_.PQprepare(conn_, name, sql, n, types));
        return sent(libpq_.PQsendPrepare(conn_, name, sql, n, types));
    }

    void begin() {
        if (has_begun_)
            return;
        has_begun_ = true;
        if (auto enter = libpq_.PQenterPipelineMode)
            is_pipelined_ = enter(conn_) == 1;
    }

    // Without all that was sent, the outcomes can not be told apart.
    bool sent(int done) {
        is_lost_ |= done != 1;
        if (syncs_each_)
            sync();
        return !is_lost_;
    }

    bool outcome() {
        PGresult* result = next();
        bool is_good = result && is_fine(result);
        has_refusal_ |= !is_good;
        if (syncs_each_)
            sync();
        return is_good;
    }

    void sync() {
        if (is_lost_ || !is_pipelined_)
            return;
        if (!reads_) {
            is_lost_ = libpq_.PQpipelineSync(conn_) != 1;
            return;
        }
        PGresult* result = next();
        is_lost_ |= libpq_.PQresultStatus(result) != PGRES_PIPELINE_SYNC;
        libpq_.PQclear(result);
    }

    bool is_fine(PGresult* result) {
        ExecStatusType status = libpq_.PQresultStatus(result);
        has_rows_ |= libpq_.PQntuples(result) > 0;
        const char* sqlstate = libpq_.PQresultErrorField(result, PG_DIAG_SQLSTATE);
        has_waited_ |= !starts_over_ && sqlstate && strcmp(sqlstate, "55P03") == 0;
        libpq_.PQclear(result);
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    }

    // Waits until the server has sent something. PQgetResult finds out by itself that what was sent is lost, but only when it
    // reads [revival_lost].
    bool has_reply() {
        return !libpq_.PQisBusy(conn_) ||
               sys::is_ready_within(libpq_.PQsocket(conn_), POLLIN, deadline_ - now());
    }

    // Returns the next result, before which there can be the null behind the last one; null if the connection is lost. Then
    // more nulls come, for ever; its status need not say so.
    PGresult* next() {
        for (int left = 2; left > 0 && !is_lost_ && has_reply(); left--)
            if (PGresult* result = libpq_.PQgetResult(conn_))
                return result;
        is_lost_ = true;
        return nullptr;
    }

    const Libpq& libpq_;
    PGconn* conn_;
    Session& session_;
    ClientState& state_;
    Before before_;
    int64_t deadline_;
    bool syncs_each_;      // else all share one Sync
    uint32_t changed_ = 0; // of reported_settings
    uint32_t unset_ = 0;   // of those
    int encoding_ = -1;
    bool escapes_ = false;
    bool has_begun_ = false;
    bool is_pipelined_ = false;
    bool starts_over_ = false;
    bool has_refusal_ = false;
    bool has_waited_ = false; // in vain, for a lock
    bool reads_ = false;
    bool is_lost_ = false;
    bool is_good_ = true;
    bool has_rows_ = false; // one of the last results
};

} // namespace

Outcome run(const Libpq& libpq, PGconn* conn, Session& session, ClientState& state, Before before,
            int64_t deadline) {
    return Replay(libpq, conn, session, state, before, deadline).run();
}

} // namespace pqsweep::replay
