// Surrounds the calls that make a connection's session, replace it, or end it: the kinds connect, start, poll, reset and
// finish of libpq_calls.def.
//
// Context: the owner's thread. errno: what the real call leaves. Locks: none across a real call.
#pragma once

#include "shim/base/settings.hh"
#include "shim/hooks/connect_with_appname.hh"
#include "shim/hooks/in_call.hh"
#include "shim/hooks/process.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/origin/capture.hh"
#include "shim/report/witness.hh"

#include <optional>
#include <utility>

namespace pqsweep {

// Makes the real call. If a tag is set, the call carries it as application_name.
template<Call call, class... Args>
PGconn* connect_named(const Libpq& libpq, const Table* table, Args... args) {
    auto with_keywords = kind_of<call>.waits ? libpq.PQconnectdbParams : libpq.PQconnectStartParams;
    if (table && table->tag != TextId::none && the_settings().appname && with_keywords) {
        NamedConnect named(table->texts.text(table->tag));
        if (named.take(args...))
            return in_sight(with_keywords, named.keywords(), named.values(), named.expand());
    }
    return in_sight(libpq.get<call>(), args...);
}

// `is_outer`: the program makes the call. Otherwise libpq makes it inside another connect call.
template<Call call, class... Args>
PGconn* connect_to(const Libpq* libpq, const void* caller, bool is_outer, Args... args) {
    Table* table = process::table();
    if (table)
        tag::look(*table);
    if (!libpq->get<call>())
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
PGconn* connect(const void* caller, Args... args) {
    Unseen unseen;
    bool is_disabled = settings::is_disabled();
    if (!is_disabled)
        process::begin();
    real::Binding binding = real::binding_of(caller, call);
    const Libpq* libpq = binding.libpq;
    if (!libpq || is_disabled) {
        auto function = binding.get<call>();
        return function ? in_sight(function, args...) : nullptr;
    }
    bool is_outer = !libpq->contains(caller);
    if (is_outer)
        witness::connecting(*libpq, caller);
    return connect_to<call>(libpq, caller, is_outer, args...);
}

// The connect hooks that dlsym() returns, one for each libpq. The caller of such a hook (libffi, say) shows nothing of
// the libpq that the program asked for [loader, two_libpqs].
template<Call, class Type>
struct Tied;
template<Call call, class... Args>
struct Tied<call, PGconn* (*)(Args...)> {
    template<int number>
    static PGconn* connect(Args... args) {
        Unseen unseen;
        process::begin();
        witness::connecting(*real::libpq_at(number), nullptr);
        return connect_to<call>(real::libpq_at(number), __builtin_return_address(0), true, args...);
    }
    template<int... numbers>
    static void* hook(int number, std::integer_sequence<int, numbers...>) {
        constexpr PGconn* (*hooks[])(Args...) = {connect<numbers>...};
        return reinterpret_cast<void*>(hooks[number]);
    }
};

// Returns the hook that stands for `plain`, which is our exported function, when `libpq` is the one asked for. Null: any.
template<Call call, class Result, class... Args>
void* hook_for(Result (*plain)(Args...), const Libpq* libpq) {
    if constexpr (kind_of<call>.door == Door::connect)
        if (libpq)
            return Tied<call, Result (*)(Args...)>::hook(
                libpq->number(), std::make_integer_sequence<int, real::most_libpqs>());
    return reinterpret_cast<void*>(plain);
}

template<Call call>
PostgresPollingStatusType poll(const void* caller, PGconn* conn) {
    auto [table, c] = tracked(conn);
    if (!c) {
        PostgresPollingStatusType status = forward<call>(caller, conn);
        Unseen unseen;
        const Libpq* libpq = table && is_connecting ? real::libpq_containing(caller) : nullptr;
        if (libpq)
            tracker::connected(*table, conn, libpq, false);
        return status;
    }
    Unseen unseen;
    std::optional<InCall> in_call;
    if (!is_nested(*c, caller))
        in_call.emplace(*c, conn);
    PostgresPollingStatusType status = in_sight(c->libpq->get<call>(), conn);
    tracker::progressed(*table, *c, conn);
    return status;
}

template<Call call>
auto reset(const void* caller, PGconn* conn) {
    auto [table, c] = tracked(conn);
    Connection* inherited = c ? nullptr : inherited_connection(conn);
    if (inherited && (table = process::table()))
        c = tracker::adopting(*table, *inherited, conn);
    if (!c)
        return forward<call>(caller, conn);
    Unseen unseen;
    origin::Here here(*table, caller);
    InCall in_call(*c, conn);
    struct Progress {
        Table& table;
        Connection& c;
        PGconn* conn;
        ~Progress() { tracker::progressed(table, c, conn); }
    } progress{*table, *c, conn};
    tracker::resetting(*table, *c);
    return in_sight(c->libpq->get<call>(), conn);
}

template<Call call>
void finish(const void* caller, PGconn* conn) {
    auto [table, c] = tracked(conn);
    if (!c)
        return forward<call>(caller, conn);
    auto function = c->libpq->get<call>();
    inside_of.conn = nullptr; // libpq can give the next PGconn this address
    {
        Unseen unseen;
        tracker::finishing(*table, *c, caller);
    }
    function(conn);
}

} // namespace pqsweep
