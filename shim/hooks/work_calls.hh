// Surrounds the calls that work with a session: the kinds exec, set, send, read, look, write, message and
// result_error of libpq_calls.def.
//
//   program ── PQexec ──▶ work ──▶ work_tracked ──▶ real PQexec ──▶ settle, remember_call ──▶ program
//                          │            └▶ swept? revive, or deliver the reason for the end
//                          └▶ straight to libpq: libpq's own calls, reads of nothing, connections not tracked
//
// Context: the owner's thread. errno: what the real call leaves. Locks: none across a real call.
#pragma once

#include "shim/base/socket.hh"
#include "shim/hooks/in_call.hh"
#include "shim/lifecycle/inquiry.hh"
#include "shim/lifecycle/last_error.hh"
#include "shim/lifecycle/ledger.hh"
#include "shim/lifecycle/revive.hh"
#include "shim/lifecycle/sessions.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/lifecycle/told_errors.hh"

namespace pqsweep {

// Whether the call moves its connection on. One that only looks for what the server has sent, or sends off what is left, does not: a
// program that waits by polling makes many of them.
template<Call call>
constexpr bool moves_on = !kind_of<call>.looks && call != Call::PQflush;

// Puts the reason where libpq finds it in this call. A command that is only sent off meets its reason when its reply is
// read, for which the end of the old socket wakes up an event loop. That of a parked connection has none.
template<Call call>
void deliver_reason(Table& table, Connection& c, PGconn* conn) {
    constexpr Kind kind = kind_of<call>;
    if (kind.waits || (kind.reads && is_busy(c.activity)) || (kind.starts_work && is_inert_socket(c.fd)))
        tracker::using_swept(table, c, true);
    else if (kind.looks && tracker::using_swept(table, c, false))
        tracker::tell_by_notice(c, conn);
}

template<Call call>
constexpr bool ends_pipeline =
    call == Call::PQpipelineSync || call == Call::PQsendPipelineSync || call == Call::PQsendFlushRequest;

// Notes what the call and its result mean for the session that a revival would have to restore.
template<Call call, class Result, class... Args>
void remember_call(Table& table, Connection& c, const sessions::Reading& reading, Result result,
                   Args... args) {
    constexpr Kind kind = kind_of<call>;
    constexpr bool only_sends = kind.starts_work && !kind.waits;
    if (kind.waits && c.activity == Activity::pipeline)
        return; // libpq refuses it
    // In a pipeline, the session has to tell this command's outcome from those of others.
    bool is_alone = kind.starts_work && !c.has_session() && c.activity != Activity::pipeline;
    if (is_alone && reading.is_plain)
        return;
    if (kind.starts_work ? !sessions::is_followed(c) || (only_sends && !result) : !c.has_session())
        return;
    Session& session = sessions::of(table, c);
    if constexpr (kind.starts_work) {
        if (kind.waits && c.has_session())
            sessions::discard(c, sessions::result_in_progress(table, c), session);
        sessions::sent<call>(session, reading, args...);
        if (only_sends && c.activity == Activity::pipeline && !ends_pipeline<call>)
            session.expects_sync();
        if (is_alone && session.forgets_plain())
            return;
    }
    sessions::ResultInProgress& in_progress = sessions::result_in_progress(table, c);
    if constexpr (std::is_same_v<Result, PGresult*>) {
        if (kind.waits && !result)
            in_progress.has_failed = true;
        else
            sessions::got(c, in_progress, session, result);
    }
    if constexpr (call == Call::PQsetClientEncoding)
        in_progress.has_failed = result != 0;
    if constexpr (kind.waits)
        if (!is_busy(c.activity))
            sessions::got(c, in_progress, session, nullptr);
    if (session.awaits_sync() && c.activity == Activity::idle)
        c.activity = Activity::pipeline;
    c.in_session = sessions::settled(c, session);
}

// The real call, behind those that make what a revival has left out.
template<Call call, class... Args>
auto real_work(Table& table, Connection& c, PGconn* conn, Args... args) {
    auto function = c.libpq->get<call>();
    using Result = decltype(function(conn, args...));
    if constexpr (kind_of<call>.starts_work) {
        if (c.has_session() && sessions::of(table, c).has_left_out() &&
            c.libpq->PQtransactionStatus(conn) != PQTRANS_ACTIVE) [[unlikely]] {
            PGresult* error = sessions::make_left_out_of<call>(table, c, conn, args...);
            if constexpr (std::is_same_v<Result, PGresult*>)
                if (error)
                    return error;
            if (error)
                c.libpq->PQclear(error);
        }
    }
    return in_sight(function, conn, args...);
}

// The owner of a swept connection is about to run something, and has not read all results of what ran before: takes those that
// the server had sent, as libpq would. If they are complete, the session was idle when it ended, and can be revived.
inline void take_results(Table& table, Connection& c, PGconn* conn) {
    const Libpq& libpq = *c.libpq;
    while (c.activity == Activity::running && !c.has_reason) {
        while (libpq.PQisBusy(conn) && has_unread_input(c.fd) && libpq.PQconsumeInput(conn))
            continue;
        if (libpq.PQisBusy(conn))
            return;
        PGresult* result = libpq.PQgetResult(conn);
        tracker::settle(table, c, conn, true);
        tracker::note_result(c, result);
        remember_call<Call::PQgetResult>(table, c, {}, result);
        c.mid_message = result != nullptr;
        if (!result) // also if libpq has given the connection up
            return;
        libpq.PQclear(result);
    }
}

// Surrounds the real call on a connection that we track. It is kept out of work(), which needs no stack for a call that has
// nothing to do.
template<Call call, class... Args>
[[gnu::noinline]] auto work_tracked(Table& table, Connection& c, PGconn* conn, const void* caller,
                                    Args... args) {
    constexpr Kind kind = kind_of<call>;
    auto function = c.libpq->get<call>();
    using Result = decltype(function(conn, args...));
    Unseen unseen;
    if (kind.starts_work)
        tag::look(table);
    InCall in_call(c, conn);
    bool drops_reason = false;
    if (c.state() == State::swept) [[unlikely]] {
        table.held_numbers.await(c.fd);
        inquiry::take_account(table, c, conn);
        if constexpr (kind.starts_work && kind.waits)
            take_results(table, c, conn);
        bool is_revived = kind.starts_work &&
                          revive::attempt(table, c, conn,
                                          {.rolls_back = sessions::rolls_back<call>(args...),
                                           .leaves_transaction = sessions::leaves_transaction<call>(args...),
                                           .only_sends = !kind.waits});
        if (kind.starts_work && !is_revived && revive::has_no_connection(c))
            return failure<call>(conn, args...);
        if constexpr (kind.looks)
            if (revive::can_wait(table, c))
                return Result(1);
        if (!is_revived)
            deliver_reason<call>(table, c, conn);
        drops_reason = kind.starts_work && kind.waits && is_busy(c.activity);
    } else if (kind.starts_work && c.state() == State::reviving) [[unlikely]] {
        Ledger(table).revived(c, 0); // its owner did not wait for its ROLLBACK
    }
    if constexpr (kind.looks)
        tracker::looking(table, c);
    if constexpr (kind.reads)
        if (is_busy(c.activity) && c.thread != tracker::mark_of_this_thread()) [[unlikely]]
            c.note(Elsewhere::read);
    if constexpr (moves_on<call>)
        c.uses = c.uses + 1;
    if constexpr (kind.starts_work)
        tracker::starting_work(table, c);
    sessions::Reading reading;
    if (kind.starts_work && sessions::is_followed(c))
        reading = sessions::read_ahead<call>(c, conn, args...);
    bool sets_timeout = sessions::sets_timeout<call>(reading, args...);
    uint8_t in_session = 0;
    if (sets_timeout) [[unlikely]] {
        in_session = c.in_session;
        c.in_session = in_session | InSession::timeout;
    }
    bool was_busy = kind.looks && is_busy(c.activity);
    Result result = real_work<call>(table, c, conn, args...);
    if (sets_timeout) [[unlikely]]
        c.in_session = in_session;
    tracker::settle(table, c, conn, kind.reads);
    if (drops_reason && c.activity == Activity::lost) [[unlikely]]
        c.has_reason = false; // libpq has read it as a result of what ran before, and dropped it
    remember_call<call>(table, c, reading, result, args...);
    if constexpr (std::is_same_v<Result, PGresult*>)
        if (result && c.libpq->PQresultStatus(result) == PGRES_FATAL_ERROR) [[unlikely]]
            tracker::note_failure(table, c, result);
    if (is_busy(c.activity)) {
        if constexpr (kind.reads)
            c.mid_message = true;
        if constexpr (std::is_same_v<Result, PGresult*>)
            tracker::note_result(c, result);
    } else if (!kind.looks && c.state() == State::reviving) [[unlikely]] {
        revive::done(table, c, caller); // a look ends no command
    }
    if constexpr (kind.looks)
        if (was_busy && !result && tracker::has_met_untold_end(c) && !c.libpq->PQisBusy(conn)) [[unlikely]]
            return Result(1); // PQgetResult has the command's result, which tells the reason
    return result;
}

// Sends a call straight to libpq, or to work_tracked(). `conn` comes first, in the register in which the real function
// wants it.
template<Call call, class... Args>
auto work(PGconn* conn, const void* caller, Args... args) {
    constexpr Kind kind = kind_of<call>;
    if (conn == inside_of.conn && conn && inside_of.libpq->contains(caller))
        return inside_of.libpq->get<call>()(conn, args...);
    auto [table, c] = tracked(conn);
    if (!c) {
        if (kind.starts_work && table) {
            Unseen unseen;
            tag::look(*table);
        }
        return forward<call>(caller, conn, args...);
    }
    auto function = c->libpq->get<call>();
    if (!function)
        return failure<call>(conn, args...);
    bool has_nothing_to_read = kind.reads && !kind.looks && !can_have_results(c->activity);
    if (has_nothing_to_read || is_nested(*c, caller))
        return function(conn, args...);
    return work_tracked<call>(*table, *c, conn, caller, args...);
}

// Returns why the connection is gone if its owner has met that as libpq's own error: as a revival that could not connect, or as an end
// whose reason could not be delivered.
template<Call call>
auto message(const void* caller, const PGconn* conn) {
    auto [table, c] = tracked(conn);
    if (!c)
        return forward<call>(caller, const_cast<PGconn*>(conn));
    char* text = c->libpq->get<call>()(conn);
    if (is_nested(*c, caller))
        return text;
    const char* told = text;
    if (revive::has_no_connection(*c))
        told = last_error::of_failed_revival(*table, *c, text);
    else if (tracker::has_met_untold_end(*c))
        told = last_error::of_untold_end(*table, *c, text);
    return const_cast<char*>(told);
}

// Returns our text where the result says of an untold end what libpq says, and else libpq's. A stand-in can return null.
template<Call call, class... Code>
auto result_error(const void* caller, const PGresult* result, Code... code) {
    auto* text = forward<call>(caller, result, code...);
    if (!result || !told_errors::are_there()) [[likely]]
        return text;
    const char* words = text;
    if constexpr (call == Call::PQresultErrorField)
        words = forward<Call::PQresultErrorMessage>(caller, result);
    const char* told = nullptr;
    if constexpr (call == Call::PQresultErrorField)
        told = told_errors::field(result, words ? words : "", static_cast<char>(code)...);
    else
        told = told_errors::message(result, words ? words : "");
    return told ? const_cast<char*>(told) : text;
}

} // namespace pqsweep
