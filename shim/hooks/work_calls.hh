// What surrounds the calls that work with a session: the kinds exec, send, read and write of libpq_calls.def.
#pragma once

#include "shim/hooks/nested.hh"
#include "shim/lifecycle/revive.hh"
#include "shim/lifecycle/sessions.hh"
#include "shim/lifecycle/tag.hh"

namespace pqsweep {

enum class Kind : uint8_t { exec, send, read, write };
constexpr bool starts_work(Kind kind) {
    return kind == Kind::exec || kind == Kind::send;
}

template<Kind kind, Call call>
constexpr tracker::Use use_of() {
    return starts_work(kind) || call == Call::PQconsumeInput ? tracker::Use::work : tracker::Use::go_on;
}

// A command that is only sent off meets its reason when its reply is read: an event loop may be watching the
// old socket, and would never hear of a new one. At its end it has been woken.
template<Kind kind, Call call>
void before_swept(Table& table, Connection& c, PGconn* conn) {
    if constexpr (kind == Kind::exec)
        tracker::using_swept(table, c, true);
    if constexpr (kind == Kind::read) {
        if (is_busy(c.activity))
            tracker::using_swept(table, c, true);
        else if (call == Call::PQconsumeInput && tracker::using_swept(table, c, false))
            tracker::tell_by_notice(c, conn);
    }
}

// What libpq answers where nothing could be sent; its error message says why.
template<Call call, class Result>
constexpr Result failure_of() {
    if constexpr (call == Call::PQsetClientEncoding)
        return -1;
    else
        return Result();
}

template<Kind kind, Call call, class Result, class... Args>
void remember_call(Table& table, Connection& c, Result result, Args... args) {
    if (starts_work(kind) ? !sessions::is_worth_it(c) || (kind == Kind::send && !result) : !c.has_session)
        return;
    Session& session = table.connections.session(c);
    if constexpr (starts_work(kind)) {
        sessions::sent<call>(session, args...);
        // In a pipeline it may have to be told apart from the outcomes of others.
        if (!c.has_session && c.activity != Activity::pipeline && session.forgets_plain())
            return;
    }
    ResultInProgress& in_progress = table.connections.result_in_progress(c);
    if constexpr (std::is_same_v<Result, PGresult*>) {
        if (kind == Kind::exec && !result)
            in_progress.has_failed = true;
        else
            sessions::got(c, in_progress, session, result);
    }
    if constexpr (kind == Kind::exec)
        if (!is_busy(c.activity))
            sessions::got(c, in_progress, session, nullptr);
    c.has_session = sessions::settled(c, session);
}

// Kept out of pass(), which then needs no stack of its own where there is nothing to do.
template<Kind kind, Call call, class... Args>
[[gnu::noinline]] auto pass_noting(Table& table, Connection& c, PGconn* conn, Args... args) {
    auto function = c.libpq->get<call>();
    using Result = decltype(function(conn, args...));
    Unseen unseen;
    if (starts_work(kind))
        tag::look(table);
    enter(c);
    if (c.state() == State::swept) [[unlikely]] {
        revive::Outcome outcome =
            starts_work(kind) ? revive::attempt(table, c, conn) : revive::Outcome::not_wanted;
        if (outcome == revive::Outcome::no_server) {
            leave(c);
            return failure_of<call, Result>();
        }
        if constexpr (call == Call::PQconsumeInput) {
            if (revive::can_wait(table, c)) {
                leave(c);
                return Result(1);
            }
        }
        if (outcome != revive::Outcome::done)
            before_swept<kind, call>(table, c, conn);
    }
    if constexpr (starts_work(kind)) {
        if (c.epoch != 0 && table.tag != TextId::none)
            c.epoch = table.epoch;
        if (!is_busy(c.activity))
            c.mid_message = false;
        c.activity = Activity::running;
    }
    inside_of = {conn, c.libpq};
    Result result = in_sight(function, conn, args...);
    inside_of.conn = nullptr;
    tracker::settle(table, c, conn, kind == Kind::read);
    remember_call<kind, call>(table, c, result, args...);
    if (is_busy(c.activity)) {
        if constexpr (kind == Kind::read)
            c.mid_message = true;
        if constexpr (std::is_same_v<Result, PGresult*>)
            tracker::note_result(c, result);
    }
    leave(c);
    return result;
}

template<Kind kind, Call call, class... Args>
auto pass(const void* caller, PGconn* conn, Args... args) {
    using Result = std::invoke_result_t<typename Function<call>::Type, PGconn*, Args...>;
    if (conn && conn == inside_of.conn && inside_of.libpq->contains(caller))
        return inside_of.libpq->get<call>()(conn, args...);
    Table* table = table::existing();
    Connection* c = table ? table->connections.find(conn) : nullptr;
    if (!c) {
        if (starts_work(kind) && table) {
            Unseen unseen;
            tag::look(*table);
        }
        return forward<call>(use_of<kind, call>(), caller, conn, args...);
    }
    auto function = c->libpq->get<call>();
    if (!function)
        return Result();
    // No command has a result to give: libpq will not touch the connection.
    bool is_idle = call == Call::PQgetResult && !is_busy(c->activity);
    if (is_idle || is_nested(*c, caller))
        return function(conn, args...);
    return pass_noting<kind, call>(*table, *c, conn, args...);
}

template<Call call, class... Args>
auto exec_hook(const void* caller, PGconn* conn, Args... args) {
    return pass<Kind::exec, call>(caller, conn, args...);
}
template<Call call, class... Args>
auto send_hook(const void* caller, PGconn* conn, Args... args) {
    return pass<Kind::send, call>(caller, conn, args...);
}
template<Call call, class... Args>
auto read_hook(const void* caller, PGconn* conn, Args... args) {
    return pass<Kind::read, call>(caller, conn, args...);
}
template<Call call, class... Args>
auto write_hook(const void* caller, PGconn* conn, Args... args) {
    return pass<Kind::write, call>(caller, conn, args...);
}

} // namespace pqsweep
