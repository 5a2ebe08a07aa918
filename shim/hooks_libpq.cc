// libpqsweep.so's libpq functions: each passes the call on to the libpq that the caller would have got
// without us, and tells the rest of the shim.
//
// The shim is loaded into every process of a test run, most of which never see PostgreSQL, and beside
// whatever C++ runtime the program has, or none. So it depends on libc alone: no exceptions, no RTTI, no
// libstdc++.
#include "appname.hh"
#include "hooks.hh"
#include "origin.hh"
#include "owner.hh"
#include "process.hh"
#include "remember.hh"
#include "revive.hh"
#include "tag.hh"
#include "unseen.hh"
#include "witness.hh"

#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

namespace pqsweep {

namespace {

// Set around a blocking connect call: until it has answered, its PGconn is known from PQconnectPoll only.
constinit thread_local bool is_connecting;

// A connection that we do not track: opened untracked, or inherited across a fork. Untouched.
template<Call call, class... Args>
[[gnu::noinline]] auto forward(owner::Use use, const void* caller, PGconn* conn, Args... args) {
    using Result = std::invoke_result_t<typename Signature<call>::Type, PGconn*, Args...>;
    const Libpq* libpq = nullptr;
    if (Connection* inherited = table::inherited(conn)) {
        owner::using_inherited(*inherited, use);
        libpq = inherited->libpq;
    } else {
        Unseen unseen;
        libpq = real::libpq_of_untracked(caller);
    }
    auto function = libpq ? libpq->get<call>() : nullptr;
    return function ? function(conn, args...) : Result();
}

// What this thread is inside of, as far as known: is_nested() in a few instructions, for calls that make many such. A jump
// out of libpq may leave it behind until the next call ends.
struct Inside {
    const PGconn* conn;
    const Libpq* libpq;
};
constinit thread_local Inside inside_of{};

// libpq calls its own exported functions through us. What it does inside a call of the program's is part of
// that call.
bool is_nested(const Connection& c, const void* caller) {
    return c.inside.load(std::memory_order_relaxed) && c.libpq->contains(caller);
}

void enter(Connection& c) {
    c.inside.exchange(true, std::memory_order_seq_cst);
}
void leave(Connection& c) {
    c.inside.store(false, std::memory_order_release);
}

// The real call; with the tag as application_name, where there is a table to take it from.
template<Call call, class... Args>
PGconn* connect_named(const Libpq& libpq, const Table* table, Args... args) {
    constexpr bool is_start = call == Call::PQconnectStart || call == Call::PQconnectStartParams;
    auto with_keywords = libpq.get < is_start ? Call::PQconnectStartParams : Call::PQconnectdbParams > ();
    if (table && table->tag != Name::none && the_settings().appname && with_keywords) {
        NamedConnect named(table->names.text(table->tag));
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
        owner::connected(*table, conn, libpq, is_outer);
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

void* find_hook(const char* name, const Libpq* libpq) {
#define HOOK(kind, result, function, parameters, arguments)                                                  \
    if (strcmp(name, #function) == 0)                                                                        \
        return hook_for<Call::function>(&::function, libpq);
#include "libpq_calls.def"
    return nullptr;
}

template<Call call>
PostgresPollingStatusType poll_hook(const void* caller, PGconn* conn) {
    Table* table = table::existing();
    Connection* c = table ? table->connections.find(conn) : nullptr;
    if (!c) {
        PostgresPollingStatusType status = forward<call>(owner::Use::work, caller, conn);
        Unseen unseen;
        const Libpq* libpq = table && is_connecting ? real::libpq_of(caller) : nullptr;
        if (libpq && libpq->contains(caller))
            owner::connected(*table, conn, libpq, false);
        return status;
    }
    Unseen unseen;
    bool nested = is_nested(*c, caller);
    if (!nested)
        enter(*c);
    PostgresPollingStatusType status = in_sight(c->libpq->get<call>(), conn);
    owner::progressed(*table, *c, conn);
    if (!nested)
        leave(*c);
    return status;
}

template<Call call>
auto reset_hook(const void* caller, PGconn* conn) {
    Table* table = table::existing();
    Connection* c = table ? table->connections.find(conn) : nullptr;
    Connection* inherited = c ? nullptr : table::inherited(conn);
    if (inherited && (table = process::table()))
        c = owner::adopting(*table, *inherited, conn);
    if (!c)
        return forward<call>(owner::Use::finish, caller, conn);
    Unseen unseen;
    struct Reset {
        Table& table;
        Connection& c;
        PGconn* conn;
        ~Reset() {
            owner::progressed(table, c, conn);
            leave(c);
        }
    } reset{*table, *c, conn};
    origin::Here here(*table, caller);
    enter(*c);
    owner::resetting(*table, *c);
    return in_sight(c->libpq->get<call>(), conn);
}

template<Call call>
void finish_hook(const void* caller, PGconn* conn) {
    Table* table = table::existing();
    Connection* c = table ? table->connections.find(conn) : nullptr;
    if (!c)
        return forward<call>(owner::Use::finish, caller, conn);
    auto function = c->libpq->get<call>();
    inside_of.conn = nullptr;
    {
        Unseen unseen;
        owner::finishing(*table, *c);
    }
    function(conn);
}

enum class Kind : uint8_t { exec, send, read, write };
constexpr bool starts_work(Kind kind) {
    return kind == Kind::exec || kind == Kind::send;
}

template<Kind kind, Call call>
constexpr owner::Use use_of() {
    return starts_work(kind) || call == Call::PQconsumeInput ? owner::Use::work : owner::Use::go_on;
}

// A command that is only sent off meets its reason when its reply is read: an event loop may be watching the
// old socket, and would never hear of a new one. At its end it has been woken.
template<Kind kind, Call call>
void before_swept(Table& table, Connection& c, PGconn* conn) {
    if constexpr (kind == Kind::exec)
        owner::using_swept(table, c, true);
    if constexpr (kind == Kind::read) {
        if (is_busy(c.activity))
            owner::using_swept(table, c, true);
        else if (call == Call::PQconsumeInput && owner::using_swept(table, c, false))
            owner::tell_by_notice(c, conn);
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
    if (starts_work(kind) ? !remember::is_worth_it(c) || (kind == Kind::send && !result) : !c.has_session)
        return;
    Session& session = table.connections.session(c);
    if constexpr (starts_work(kind)) {
        remember::sent<call>(session, args...);
        // In a pipeline it may have to be told apart from the outcomes of others.
        if (!c.has_session && c.activity != Activity::pipeline && session.forgets_plain())
            return;
    }
    Command& command = table.connections.command(c);
    if constexpr (std::is_same_v<Result, PGresult*>) {
        if (kind == Kind::exec && !result)
            command.has_failed = true;
        else
            remember::got(c, command, session, result);
    }
    if constexpr (kind == Kind::exec)
        if (!is_busy(c.activity))
            remember::got(c, command, session, nullptr);
    c.has_session = remember::settled(c, session);
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
        if (c.epoch != 0 && table.tag != Name::none)
            c.epoch = table.epoch;
        if (!is_busy(c.activity))
            c.mid_message = false;
        c.activity = Activity::running;
    }
    inside_of = {conn, c.libpq};
    Result result = in_sight(function, conn, args...);
    inside_of.conn = nullptr;
    owner::settle(table, c, conn, kind == Kind::read);
    remember_call<kind, call>(table, c, result, args...);
    if (is_busy(c.activity)) {
        if constexpr (kind == Kind::read)
            c.mid_message = true;
        if constexpr (std::is_same_v<Result, PGresult*>)
            owner::note_result(c, result);
    }
    leave(c);
    return result;
}

template<Kind kind, Call call, class... Args>
auto pass(const void* caller, PGconn* conn, Args... args) {
    using Result = std::invoke_result_t<typename Signature<call>::Type, PGconn*, Args...>;
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

} // namespace

void* hook_of(const char* name, const Libpq& libpq) {
    return find_hook(name, &libpq);
}
void* hook_of(const char* name) {
    return find_hook(name, nullptr);
}

} // namespace pqsweep

#define UNPAREN(...) __VA_ARGS__
#define HOOK(kind, result, name, parameters, arguments)                                                      \
    extern "C" [[gnu::visibility("default")]] result name parameters {                                       \
        return pqsweep::kind##_hook<pqsweep::Call::name>(__builtin_return_address(0), UNPAREN arguments);    \
    }
#include "libpq_calls.def"
