// Sessions: holds for each connection what a revival must give back. Feeds a connection's Session (session/) with what its
// owner thread sends and what the server returns, if the connection can be revived at all, or if `pqsweep run` watches the process.
//
// Context: owner thread.
#pragma once

#include "shim/base/settings.hh"
#include "shim/lifecycle/per_connection.hh"
#include "shim/lifecycle/tracker.hh"
#include "shim/session/session.hh"

#include <atomic>
#include <cstdint>
#include <cstring>

namespace pqsweep::sessions {

// Of the command whose results are being read.
struct ResultInProgress {
    bool has_failed;
    bool is_complete; // its latest result is the last one of a statement
    char tag[30];     // PQcmdStatus of its latest result
    uint32_t refused; // the columns of its only row that are not true
};

// Notes what a program has set with PQsetNoticeReceiver; see notices.hh. A null `function` stands for libpq's own.
struct NoticeReceiver {
    PQnoticeReceiver function;
    void* argument;
    bool is_unknown;
};

struct Slot {
    Session session;
    ResultInProgress in_progress;
    NoticeReceiver receiver;
    std::atomic<uintptr_t> reply; // of the server's to a sweep; see inquiry.hh
};
extern constinit PerConnection<Slot> slots;

inline Session& of(const Table& table, const Connection& c) {
    return slots.of(table, c).session;
}
inline ResultInProgress& result_in_progress(const Table& table, const Connection& c) {
    return slots.of(table, c).in_progress;
}
inline NoticeReceiver& notice_receiver(const Table& table, const Connection& c) {
    return slots.of(table, c).receiver;
}

// The connection's slot begins. Returns false if there is no memory.
bool begin(const Table& table, const Connection& connection);

// The connection's slot ends, or it gets another session.
void forget(const Table& table, const Connection& connection);

inline bool is_revivable(const Connection& c) {
    return !Lifetime(c.lifetime).is_endless() && the_settings().revive;
}

// `pqsweep run` wants to know of time-outs and locks, and can end any connection.
inline bool is_watched() {
    return !the_settings().run_socket.empty();
}

inline bool is_followed(const Connection& c) {
    return is_revivable(c) || is_watched();
}

// How the server reads the texts that the owner thread sends now; asked of libpq, which the server tells.
Dialect dialect_of(const Connection& connection, const PGconn* conn);

// Says how a text reads before it is sent: the text itself can change the dialect.
struct Reading {
    bool is_plain = true; // it does nothing to an empty session
    Dialect dialect;
};

template<Call call>
constexpr bool has_text = call == Call::PQexec || call == Call::PQsendQuery || call == Call::PQexecParams ||
                          call == Call::PQsendQueryParams;
template<Call call>
constexpr bool prepares = call == Call::PQprepare || call == Call::PQsendPrepare;

inline std::string_view text_of(const char* sql) {
    return sql ? sql : "";
}

template<Call call, class... Args>
Reading read_ahead(const Connection& c, const PGconn* conn, Args... args) {
    Reading reading;
    if constexpr (has_text<call>)
        [&](const char* sql, auto...) { reading.is_plain = is_plain(text_of(sql)); }(args...);
    else
        reading.is_plain = !prepares<call> && call != Call::PQfn && call != Call::PQsetClientEncoding;
    if (!reading.is_plain)
        reading.dialect = dialect_of(c, conn);
    return reading;
}

template<Call call, class... Args>
bool rolls_back(Args... args) {
    if constexpr (has_text<call>)
        return [](const char* sql, auto...) { return is_rollback(text_of(sql)); }(args...);
    else
        return false;
}

template<Call call, class... Args>
bool leaves_transaction(Args... args) {
    if constexpr (has_text<call>)
        return [](const char* sql, auto...) { return pqsweep::leaves_transaction(text_of(sql)); }(args...);
    else
        return call == Call::PQclosePrepared;
}

// A pipeline that is idle is left as long as this lives, since statements can't be waited for inside.
class OutOfPipeline {
public:
    OutOfPipeline(const Libpq& libpq, PGconn* conn);
    ~OutOfPipeline();
    OutOfPipeline(const OutOfPipeline&) = delete;
    OutOfPipeline& operator=(const OutOfPipeline&) = delete;
    bool was_inside() const { return was_inside_; }

private:
    const Libpq& libpq_;
    PGconn* conn_;
    bool was_inside_;
};

// Makes a prepared statement that a revival has left out, or an empty one of its name if that is all that is needed. Returns the
// server's error if that can't be done; else null.
PGresult* make_left_out(const Table& table, const Connection& connection, PGconn* conn, Note& note,
                        Session::Need need);

// Makes all that can be made, outside a transaction. One that would have to wait for another session's lock can't be: that session
// can be this thread's.
void make_all_left_out(const Table& table, const Connection& connection, PGconn* conn);

// Makes those that this call executes, and all of them at the begin of a pipeline: what will be executed inside, nobody knows.
// Returns the first error, which is then the owner's own; else null.
template<Call call, class... Args>
PGresult* make_left_out_of(const Table& table, const Connection& c, PGconn* conn, Args... args) {
    using Need = Session::Need;
    const Session& session = of(table, c);
    PGresult* error = nullptr;
    auto make = [&](Note& note, Need need) {
        if (!error)
            error = make_left_out(table, c, conn, note, need);
    };
    OutOfPipeline out(*c.libpq, conn);
    if (out.was_inside() && c.libpq->PQtransactionStatus(conn) == PQTRANS_IDLE)
        make_all_left_out(table, c, conn);
    if constexpr (has_text<call>)
        [&](const char* sql, auto...) { session.each_left_out(text_of(sql), make); }(args...);
    else if constexpr (call == Call::PQexecPrepared || call == Call::PQsendQueryPrepared ||
                       call == Call::PQdescribePrepared || call == Call::PQsendDescribePrepared)
        [&](const char* name, auto...) { session.each_left_out_named(name, Need::statement, make); }(args...);
    else if constexpr (prepares<call>)
        [&](const char* name, auto...) {
            if (name && *name) // nothing stands in for the unnamed one, which the call replaces
                session.each_left_out_named(name, Need::name, make);
        }(args...);
    return error;
}

// Returns whether a text that is about to be sent sets a time-out for its other statements. Its own results come too late to show it.
template<Call call, class... Args>
bool sets_timeout(const Reading& reading, Args... args) {
    if constexpr (call == Call::PQexec)
        return !reading.is_plain && is_watched() && Session::sets_timeout(text_of(args...), reading.dialect);
    else
        return false;
}

// Notes what `call` has sent.
template<Call call, class... Args>
void sent(Session& session, const Reading& reading, Args... args) {
    if constexpr (has_text<call>) {
        if (reading.is_plain)
            return session.sends_plain();
        if constexpr (sizeof...(args) == 1)
            session.sends(text_of(args...), reading.dialect);
        else
            [&](const char* sql, int n, const Oid* types, const char* const* values, const int* lengths,
                const int* formats, int) {
                session.sends(text_of(sql), reading.dialect, {n, types, values, lengths, formats});
            }(args...);
    } else if constexpr (call == Call::PQexecPrepared || call == Call::PQsendQueryPrepared) {
        [&](const char* name, int n, const char* const* values, const int* lengths, const int* formats, int) {
            session.sends_execute(name, {n, nullptr, values, lengths, formats});
        }(args...);
    } else if constexpr (prepares<call>) {
        session.sends_prepare(args..., reading.dialect);
    } else if constexpr (call == Call::PQclosePrepared || call == Call::PQsendClosePrepared) {
        session.sends_close(args...);
    } else if constexpr (call == Call::PQsetClientEncoding) {
        session.sends_encoding(args...);
    } else if constexpr (call == Call::PQfn) {
        [&](int function, auto...) { session.sends_call(function); }(args...);
    } else if constexpr (call != Call::PQpipelineSync && call != Call::PQsendPipelineSync &&
                         call != Call::PQsendFlushRequest) {
        session.sends_other();
    }
}

// The owner thread starts a call that waits for its own result: libpq drops the results that it has not read.
void discard(const Connection& connection, ResultInProgress& in_progress, Session& session);

// Takes a result of the oldest command that has not ended yet; null at its end.
void got(const Connection& connection, ResultInProgress& in_progress, Session& session,
         const PGresult* result);

// If nothing is in progress any more, notes so in the session. Returns what the session comes to (InSession). While something is
// in progress, the session is in doubt if it was before.
uint8_t settled(const Connection& connection, Session& session);

} // namespace pqsweep::sessions
