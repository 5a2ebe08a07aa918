#include "shim/lifecycle/revive.hh"

#include "shim/base/clock.hh"
#include "shim/base/environment.hh"
#include "shim/base/guards.hh"
#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/base/text.hh"
#include "shim/lifecycle/ledger.hh"
#include "shim/lifecycle/sessions.hh"
#include "shim/lifecycle/tracker.hh"

#include <cerrno>
#include <cstring>

namespace pqsweep::revive {

constinit thread_local int kept_descriptor = -1;

namespace {

constinit thread_local const Libpq* reviving_libpq;
// libpq believes that kept_descriptor is closed. Only then is the number ours to close or to give to a new socket.
constinit thread_local bool is_reserved;

// Settings that the server reports, so that libpq knows what they were, whoever set them and however.
constexpr size_t encoding_setting = 0, strings_setting = 1;
constexpr const char* reported_settings[] = {
    "client_encoding",  "standard_conforming_strings",   "DateStyle",   "TimeZone", "IntervalStyle",
    "application_name", "default_transaction_read_only", "search_path",
};

class KeptDescriptor {
public:
    KeptDescriptor(const Libpq& libpq, int fd) {
        reviving_libpq = &libpq;
        kept_descriptor = fd;
        is_reserved = false;
    }
    ~KeptDescriptor() { kept_descriptor = -1; }
    KeptDescriptor(const KeptDescriptor&) = delete;
    KeptDescriptor& operator=(const KeptDescriptor&) = delete;

    // No new socket took the number: it is given back at last.
    static void release() {
        if (is_reserved)
            sys::close(kept_descriptor);
    }
};

// What PQreset loses, read before it and put back after it.
class ClientState {
public:
    ClientState(const Libpq& libpq, PGconn* conn) : libpq_(libpq), conn_(conn) {
        is_nonblocking_ = libpq.PQisnonblocking(conn);
        auto pipeline_status = libpq.PQpipelineStatus;
        has_pipeline_ = pipeline_status && pipeline_status(conn) == PQ_PIPELINE_ON;
        for (size_t i = 0; i < std::size(reported_settings); i++) {
            const char* value = libpq.PQparameterStatus(conn, reported_settings[i]);
            size_t size = value ? strlen(value) + 1 : 0;
            is_known_[i] = size > 0 && size <= sizeof values_[i];
            if (is_known_[i])
                memcpy(values_[i], value, size);
        }
    }

    void put_back() const {
        if (has_pipeline_)
            libpq_.PQenterPipelineMode(conn_);
        if (is_nonblocking_)
            libpq_.PQsetnonblocking(conn_, 1);
    }

    // Calls visit(index) for each reported setting that the new session has otherwise.
    template<class Visit>
    void each_changed_setting(Visit visit) const {
        for (size_t i = 0; i < std::size(reported_settings); i++) {
            const char* now = libpq_.PQparameterStatus(conn_, reported_settings[i]);
            if (is_known_[i] && now && strcmp(now, values_[i]) != 0)
                visit(i);
        }
    }
    const char* value(size_t i) const { return is_known_[i] ? values_[i] : nullptr; }

    // Of the new session.
    int encoding() const { return libpq_.PQclientEncoding(conn_); }
    bool escapes() const {
        const char* conforming = libpq_.PQparameterStatus(conn_, reported_settings[strings_setting]);
        return conforming && strcmp(conforming, "off") == 0;
    }
    // With several hosts, another one can have been connected to.
    bool is_same_host() const { return host_ == fingerprint(); }

private:
    uint32_t fingerprint() const {
        const char* host = libpq_.PQhost(conn_);
        const char* port = libpq_.PQport(conn_);
        return fnv1a(host ? host : "") * 31 + fnv1a(port ? port : "");
    }

    const Libpq& libpq_;
    PGconn* conn_;
    uint32_t host_ = fingerprint();
    bool is_nonblocking_;
    bool has_pipeline_;
    bool is_known_[std::size(reported_settings)];
    char values_[std::size(reported_settings)][256];
};

enum class Replayed : uint8_t {
    all,
    failed, // something could not be made again
    lost,   // not all was answered
};

// Gives the new session everything that the last one had: sends all of it in one pipeline, each item with a Sync of its
// own, and then reads the outcomes by going the same way again. That is one round trip. Falls back to one statement after
// the other if libpq (before 14) has no pipelines.
class Replay {
public:
    Replay(const Libpq& libpq, PGconn* conn, Session& session, const ClientState& state)
        : libpq_(libpq), conn_(conn), session_(session), state_(state) {}

    // `opens_transaction`: the owner thread is about to roll one back.
    Replayed run(bool opens_transaction) {
        state_.each_changed_setting([&](size_t i) { changed_ |= 1u << i; });
        if (!state_.is_same_host())
            return Replayed::failed;
        walk(opens_transaction);
        if (is_pipelined_) {
            reads_ = true;
            walk(opens_transaction);
            if (is_lost_ || libpq_.PQexitPipelineMode(conn_) != 1)
                return Replayed::lost;
        }
        return is_good_ ? Replayed::all : Replayed::failed;
    }

private:
    void walk(bool opens_transaction) {
        encoding_ = state_.encoding();
        escapes_ = state_.escapes();
        session_.each([&](Note& note) {
            set_dialect(note);
            bool is_done = item(note);
            if (note.act == Act::prepare)
                session_.leave_out(note, !is_done);
            else
                is_good_ &= is_done;
        });
        for (size_t i = 0; i < std::size(reported_settings); i++)
            if (changed_ >> i & 1 && state_.value(i))
                is_good_ &= setting(reported_settings[i], state_.value(i));
        if (opens_transaction)
            is_good_ &= statement("begin");
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
        is_lost_ = is_lost_ || done != 1 || libpq_.PQpipelineSync(conn_) != 1;
        return !is_lost_;
    }

    bool is_fine(PGresult* result) {
        ExecStatusType status = libpq_.PQresultStatus(result);
        libpq_.PQclear(result);
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC;
    }

    // For each item there is a result and a null, and then that of the Sync. More than these come, for ever, when the
    // connection is lost; its status need not say so.
    bool outcome() {
        bool is_good = true;
        for (int left = 3; left > 0 && !is_lost_; left--) {
            PGresult* result = libpq_.PQgetResult(conn_);
            if (!result)
                continue;
            bool is_synced = libpq_.PQresultStatus(result) == PGRES_PIPELINE_SYNC;
            is_good &= is_fine(result);
            if (is_synced)
                return is_good;
        }
        is_lost_ = true;
        return false;
    }

    const Libpq& libpq_;
    PGconn* conn_;
    Session& session_;
    const ClientState& state_;
    uint32_t changed_ = 0; // of reported_settings
    int encoding_ = -1;
    bool escapes_ = false;
    bool has_begun_ = false;
    bool is_pipelined_ = false;
    bool reads_ = false;
    bool is_lost_ = false;
    bool is_good_ = true;
};

bool is_wanted(Table& table, Connection& c, bool rolls_back) {
    const Straggler* record = table.stragglers.record(c.straggler());
    bool was_in_transaction =
        record && (record->activity == Activity::transaction || record->activity == Activity::failed);
    bool was_idle = record && record->activity == Activity::idle;
    return the_settings().revive && (was_idle || (was_in_transaction && rolls_back)) && !c.has_reason &&
           !c.is_unrestorable && sessions::of(table, c).loss() == Loss::none;
}

// As PQreset(). The environment holds still only while libpq works, and not while it waits for the server: the tag can change
// meanwhile [overtaken].
void reset(const Libpq& libpq, PGconn* conn) {
    constexpr int64_t patience = 5 * second;
    int64_t deadline = now() + patience;
    auto call = [&](auto function) {
        NotCancelled not_cancelled; // else a cancelled thread would leave the environment at a standstill
        environment::Standstill standstill;
        return function(conn);
    };
    if (!call(libpq.PQresetStart))
        return;
    for (auto status = PGRES_POLLING_WRITING;
         status == PGRES_POLLING_WRITING || status == PGRES_POLLING_READING; status = call(libpq.PQresetPoll))
        if (!sys::is_ready_within(libpq.PQsocket(conn), status == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                                  deadline - now()))
            return;
}

// Another session in the PGconn, like the last one. A sweep that came in between has left nothing of it. A connection that
// is lost in between leaves libpq in a pipeline, out of which only a fresh one helps.
Outcome reconnect(Table& table, Connection& c, PGconn* conn, const ClientState& state, bool opens_transaction,
                  int64_t start) {
    constexpr int most_losses = 2;
    const Libpq& libpq = *c.libpq;
    tracker::reviving(table, c);
    for (int losses = 0;; losses++) {
        reset(libpq, conn);
        if (libpq.PQstatus(conn) != CONNECTION_OK)
            return Outcome::no_server;
        tracker::progressed(table, c, conn);
        Replay replay(libpq, conn, sessions::of(table, c), state);
        Replayed replayed = losses == most_losses ? Replayed::failed : replay.run(opens_transaction);
        if (replayed == Replayed::all)
            return Ledger(table).revived(c, now() - start) ? Outcome::done : Outcome::not_wanted;
        cut_socket(c.fd, c.cookie, {});
        if (replayed != Replayed::lost || c.state() == State::swept)
            return Outcome::not_restorable;
    }
}

} // namespace

Outcome attempt(Table& table, Connection& c, PGconn* conn, bool rolls_back) {
    constexpr int most_sweeps = 8;
    if (!is_wanted(table, c, rolls_back))
        return Outcome::not_wanted;
    const Straggler* record = table.stragglers.record(c.straggler());
    bool opens_transaction = record->activity != Activity::idle;
    if (opens_transaction)
        sessions::of(table, c).rolls_back();
    int64_t start = now();
    ClientState state(*c.libpq, conn);
    KeptDescriptor kept(*c.libpq, c.libpq->PQsocket(conn));
    Outcome outcome = reconnect(table, c, conn, state, opens_transaction, start);
    for (int sweeps = 1; c.state() == State::swept && sweeps < most_sweeps; sweeps++)
        outcome = reconnect(table, c, conn, state, opens_transaction, start);
    if (outcome != Outcome::done) {
        KeptDescriptor::release();
        if (c.state() == State::swept)
            outcome = Outcome::not_wanted;
        c.is_unrestorable = outcome == Outcome::not_restorable;
        Ledger(table).give_up(c);
        return outcome;
    }
    state.put_back();
    return Outcome::done;
}

bool can_wait(Table& table, Connection& c) {
    constexpr uint8_t patience = 8;
    if (!is_wanted(table, c, false) || c.activity != Activity::idle || sessions::of(table, c).listens() ||
        c.glances == patience)
        return false;
    c.glances = static_cast<uint8_t>(c.glances + 1);
    return true;
}

bool must_stay_open(const void* caller) {
    if (!real::may_be_from(*reviving_libpq, caller, "close"))
        return false;
    is_reserved = true;
    return true;
}

namespace {

// Returns the result of a system call as libc does.
int as_libc(int result) {
    if (result < 0)
        errno = -result;
    return result < 0 ? -1 : result;
}

// The resolver opens sockets in there, too.
bool is_for_kept(int type, const void* caller) {
    return is_reserved && (type & SOCK_STREAM) && real::may_be_from(*reviving_libpq, caller, "socket");
}

} // namespace

int move_to_kept(int fd, int type, const void* caller) {
    if (fd < 0 || !is_for_kept(type, caller))
        return fd;
    int moved = sys::dup3(fd, kept_descriptor, type & SOCK_CLOEXEC ? O_CLOEXEC : 0);
    is_reserved = moved < 0;
    sys::close(fd);
    return as_libc(moved);
}

int open_at_kept(int domain, int type, int protocol, const void* caller) {
    if (!is_for_kept(type, caller))
        return -1;
    is_reserved = false;
    sys::close(kept_descriptor);
    int fd = sys::socket(domain, type, protocol);
    if (fd < 0 || fd == kept_descriptor)
        return as_libc(fd);
    // Another thread may have got the number, and then it is not ours to take.
    int moved = sys::fcntl(fd, type & SOCK_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, kept_descriptor);
    sys::close(fd);
    if (moved == kept_descriptor)
        return moved;
    if (moved >= 0)
        sys::close(moved);
    kept_descriptor = -1;
    return as_libc(-EMFILE);
}

} // namespace pqsweep::revive
