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
constexpr const char* reported_settings[] = {
    "client_encoding",
    "DateStyle",
    "TimeZone",
    "IntervalStyle",
    "application_name",
    "standard_conforming_strings",
    "default_transaction_read_only",
    "search_path",
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

    // Calls visit(name, value) for each reported setting that the new session has otherwise.
    template<class Visit>
    void each_changed_setting(Visit visit) const {
        for (size_t i = 0; i < std::size(reported_settings); i++) {
            const char* now = libpq_.PQparameterStatus(conn_, reported_settings[i]);
            if (is_known_[i] && now && strcmp(now, values_[i]) != 0)
                visit(reported_settings[i], values_[i]);
        }
    }

private:
    const Libpq& libpq_;
    PGconn* conn_;
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

// Sends everything that the session had, in one pipeline: one round trip. Falls back to one statement after
// the other where libpq (before 14) has no pipelines.
class Replay {
public:
    Replay(const Libpq& libpq, PGconn* conn) : libpq_(libpq), conn_(conn) {}

    Replayed run(const Session& session, const ClientState& state) {
        session.each([&](const Note& note) { item(note); });
        state.each_changed_setting([&](const char* name, const char* value) { setting(name, value); });
        if (is_pipelined_ && !finish())
            return Replayed::lost;
        return is_good_ ? Replayed::all : Replayed::failed;
    }

private:
    void begin() {
        if (sent_++ == 0)
            if (auto enter = libpq_.PQenterPipelineMode)
                is_pipelined_ = enter(conn_) == 1;
    }

    void note(PGresult* result) {
        ExecStatusType status = libpq_.PQresultStatus(result);
        is_good_ &= status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC;
        libpq_.PQclear(result);
    }

    void parameters(const char* sql, int n, const char* const* values) {
        begin();
        if (is_pipelined_)
            is_good_ &= libpq_.PQsendQueryParams(conn_, sql, n, nullptr, values, nullptr, nullptr, 0) == 1;
        else
            note(libpq_.PQexecParams(conn_, sql, n, nullptr, values, nullptr, nullptr, 0));
    }

    void item(const Note& note) {
        if (note.act == Act::prepare && !note.by_sql)
            prepare(note.key().data(), note.text().data(), static_cast<int>(note.count),
                    note.count ? note.types() : nullptr);
        else if (note.act == Act::define || note.act == Act::unset)
            setting(note.key().data(), nullptr);
        else if (note.is_value)
            setting(note.key().data(), note.text().data());
        else
            statement(note.text());
    }

    void statement(std::string_view sql) { parameters(sql.data(), 0, nullptr); }

    void setting(const char* name, const char* value) {
        const char* values[] = {name, value};
        parameters("select pg_catalog.set_config($1, $2, false)", 2, values);
    }

    void prepare(const char* name, const char* sql, int n, const Oid* types) {
        begin();
        if (is_pipelined_)
            is_good_ &= libpq_.PQsendPrepare(conn_, name, sql, n, types) == 1;
        else
            note(libpq_.PQprepare(conn_, name, sql, n, types));
    }

    // For each thing sent there is a result and a null, and then that of the sync. More than these come, for ever, where
    // the connection is lost; its status need not say so.
    bool finish() {
        if (libpq_.PQpipelineSync(conn_) != 1)
            return false;
        for (int left = 2 * sent_ + 1; left > 0; left--) {
            PGresult* result = libpq_.PQgetResult(conn_);
            if (!result)
                continue;
            bool is_synced = libpq_.PQresultStatus(result) == PGRES_PIPELINE_SYNC;
            note(result);
            if (is_synced)
                return libpq_.PQexitPipelineMode(conn_) == 1;
        }
        return false;
    }

    const Libpq& libpq_;
    PGconn* conn_;
    int sent_ = 0;
    bool is_pipelined_ = false;
    bool is_good_ = true;
};

bool is_wanted(Table& table, Connection& c) {
    const Straggler* record = table.stragglers.record(c.straggler());
    return the_settings().revive && record && record->activity == Activity::idle && !c.has_reason &&
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
Outcome reconnect(Table& table, Connection& c, PGconn* conn, const ClientState& state, int64_t start) {
    constexpr int most_losses = 2;
    const Libpq& libpq = *c.libpq;
    tracker::reviving(table, c);
    for (int losses = 0;; losses++) {
        reset(libpq, conn);
        if (libpq.PQstatus(conn) != CONNECTION_OK)
            return Outcome::no_server;
        tracker::progressed(table, c, conn);
        Replayed replayed =
            losses == most_losses ? Replayed::failed : Replay(libpq, conn).run(sessions::of(table, c), state);
        if (replayed == Replayed::all)
            return Ledger(table).revived(c, now() - start) ? Outcome::done : Outcome::not_wanted;
        cut_socket(c.fd, c.cookie, {});
        if (replayed != Replayed::lost || c.state() == State::swept)
            return Outcome::not_restorable;
    }
}

} // namespace

Outcome attempt(Table& table, Connection& c, PGconn* conn) {
    constexpr int most_sweeps = 8;
    if (!is_wanted(table, c))
        return Outcome::not_wanted;
    int64_t start = now();
    ClientState state(*c.libpq, conn);
    KeptDescriptor kept(*c.libpq, c.libpq->PQsocket(conn));
    Outcome outcome = reconnect(table, c, conn, state, start);
    for (int sweeps = 1; c.state() == State::swept && sweeps < most_sweeps; sweeps++)
        outcome = reconnect(table, c, conn, state, start);
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
    if (!is_wanted(table, c) || c.activity != Activity::idle || sessions::of(table, c).listens() ||
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
