// What surrounds the calls that make a connection's session, give it another one, or end it: the kinds connect, poll, reset
// and finish of libpq_calls.def.
#pragma once

#include "shim/hooks/connect_with_appname.hh"
#include "shim/hooks/nested.hh"
#include "shim/hooks/process.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/origin/capture.hh"
#include "shim/report/witness.hh"

#include <optional>
#include <utility>

namespace pqsweep {

// Set around a blocking connect call: until it has answered, its PGconn is known from PQconnectPoll only.
inline constinit thread_local bool is_connecting;

// The real call; with the tag as application_name, where there is a table to take it from.
template<Call call, class... Args>
PGconn* connect_named(const Libpq& libpq, const Table* table, Args... args) {
    constexpr bool is_start = call == Call::PQconnectStart || call == Call::PQconnectStartParams;
    auto with_keywords = is_start ? libpq.PQconnectStartParams : libpq.PQconnectdbParams;
    if (table && table->tag != TextId::none && the_settings().appname && with_keywords) {
        NamedConnect named(table->texts.text(table->tag));
        if (named.take(args...))
            return in_sight(with_keywords, named.keywords(), named.values(), named.expand());
    }
    return in_sight(libpq.get<call>(), args...);
}

template<Call call, class... Args>
PGconn* connect_to(const Libpq* libpq, const void* caller, bool is_outer, Args... args) {
    Table* table = process::table();
    if (table)
        tag::look(*table);
    if (!libpq || !libpq->get<call>())
        return nullptr;
    std::optional<origin::Here> here;
    if (table && is_outer)
        here.emplace(*table, caller);
    if (is_outer)
        is_connecting = true;
    PGconn* conn = connect_named<call>(*libpq, is_outer ? table : nullptr, args...);
    if (is_outer)
        is_connecting = false;
    if (table && conn)
        tracker::connected(*table, conn, libpq, is_outer);
    return conn;
}

template<Call call, class... Args>
PGconn* connect_hook(const void* caller, Args... args) {
    Unseen unseen;
    const Libpq* libpq = real::libpq_of(caller);
    bool is_outer = libpq && !libpq->contains(caller);
    if (is_outer)
        witness::connecting(*libpq, caller);
    return connect_to<call>(libpq, caller, is_outer, args...);
}

// A connect hook for each libpq there may be.
template<Call, class Type>
struct Tied;
template<Call call, class... Args>
struct Tied<call, PGconn* (*)(Args...)> {
    template<int number>
    static PGconn* connect(Args... args) {
        Unseen unseen;
        witness::connecting(*real::libpq_at(number), nullptr);
        return connect_to<call>(real::libpq_at(number), __builtin_return_address(0), true, args...);
    }
    template<int... numbers>
    static void* hook(int number, std::integer_sequence<int, numbers...>) {
        constexpr PGconn* (*hooks[])(Args...) = {connect<numbers>...};
        return reinterpret_cast<void*>(hooks[number]);
    }
};

template<Call call, class Result, class... Args>
void* hook_for(Result (*plain)(Args...), const Libpq* libpq) {
    if constexpr (std::is_same_v<Result, PGconn*>)
        if (libpq)
            return Tied<call, Result (*)(Args...)>::hook(
                libpq->number(), std::make_integer_sequence<int, real::most_libpqs>());
    return reinterpret_cast<void*>(plain);
}

template<Call call>
PostgresPollingStatusType poll_hook(const void* caller, PGconn* conn) {
    Table* table = table::existing();
    Connection* c = table ? table->connections.find(conn) : nullptr;
    if (!c) {
        PostgresPollingStatusType status = forward<call>(tracker::Use::work, caller, conn);
        Unseen unseen;
        const Libpq* libpq = table && is_connecting ? real::libpq_of(caller) : nullptr;
        if (libpq && libpq->contains(caller))
            tracker::connected(*table, conn, libpq, false);
        return status;
    }
    Unseen unseen;
    bool nested = is_nested(*c, caller);
    if (!nested)
        enter(*c);
    PostgresPollingStatusType status = in_sight(c->libpq->get<call>(), conn);
    tracker::progressed(*table, *c, conn);
    if (!nested)
        leave(*c);
    return status;
}

template<Call call>
auto reset_hook(const void* caller, PGconn* conn) {
    Table* table = table::existing();
    Connection* c = table ? table->connections.find(conn) : nullptr;
    Connection* inherited = c ? nullptr : table::parents_connection(conn);
    if (inherited && (table = process::table()))
        c = tracker::adopting(*table, *inherited, conn);
    if (!c)
        return forward<call>(tracker::Use::finish, caller, conn);
    Unseen unseen;
    struct Reset {
        Table& table;
        Connection& c;
        PGconn* conn;
        ~Reset() {
            tracker::progressed(table, c, conn);
            leave(c);
        }
    } reset{*table, *c, conn};
    origin::Here here(*table, caller);
    enter(*c);
    tracker::resetting(*table, *c);
    return in_sight(c->libpq->get<call>(), conn);
}

template<Call call>
void finish_hook(const void* caller, PGconn* conn) {
    Table* table = table::existing();
    Connection* c = table ? table->connections.find(conn) : nullptr;
    if (!c)
        return forward<call>(tracker::Use::finish, caller, conn);
    auto function = c->libpq->get<call>();
    inside_of.conn = nullptr;
    {
        Unseen unseen;
        tracker::finishing(*table, *c);
    }
    function(conn);
}

} // namespace pqsweep
