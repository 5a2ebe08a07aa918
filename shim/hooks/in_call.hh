// Tells the program's calls of libpq from libpq's own, and marks a connection while its owner is in a call.
//
// libpq calls its own exported functions through the PLT, so hooks are re-entered: PQconnectdb calls PQconnectStart,
// PQexec calls PQsendQuery and PQgetResult, the lo_* functions call PQfn. Such a call, from libpq's text and on a
// connection that its owner is inside of, is part of the outer call and goes straight to libpq.
#pragma once

#include "shim/base/sanitizers.hh"
#include "shim/hooks/kinds.hh"
#include "shim/hooks/process.hh"
#include "shim/lifecycle/parking.hh"

namespace pqsweep {

// The connection that this thread is inside of, as far as known. It recognizes a nested call in a few instructions, since
// libpq makes many in a loop. A jump out of libpq leaves it behind until the thread's next call.
struct Inside {
    const PGconn* conn;
    const Libpq* libpq;
};
inline constinit thread_local Inside inside_of{};

// True while this thread is in a connect call. Until that call returns, only PQconnectPoll shows its PGconn.
inline constinit thread_local bool is_connecting;

// The table, and the connection that `conn` is in it: null if we do not track it.
struct Tracked {
    Table* table;
    Connection* connection;
};
inline Tracked tracked(const PGconn* conn) {
    Table* table = table::existing();
    return {table, table ? table->connections.find(conn) : nullptr};
}

// Returns whether libpq makes this call inside a call of the program's.
inline bool is_nested(const Connection& c, const void* caller) {
    return c.inside.load(std::memory_order_relaxed) && c.libpq->contains(caller);
}

// Marks the connection as inside a call while it lives. A sweep claims a connection first and looks for this mark then,
// and the owner makes this mark first and looks for a claim then, so at least one of them sees the other (I8).
class InCall {
public:
    InCall(Connection& c, const PGconn* conn) : c_(c) {
        c_.inside.exchange(true, std::memory_order_seq_cst);
        inside_of = {conn, c.libpq};
    }
    ~InCall() {
        inside_of.conn = nullptr;
        c_.inside.store(false, std::memory_order_release);
    }
    InCall(const InCall&) = delete;
    InCall& operator=(const InCall&) = delete;

private:
    Connection& c_;
};

// Returns the connection of the parent process that `conn` is; null if it is none.
inline Connection* inherited_connection(const PGconn* conn) {
    process::begin_in_child();
    return table::parents_connection(conn);
}

// Passes on a call with a PGconn that the shim does not track, and leaves the PGconn alone. It was inherited across a
// fork, or the table was full, or no connect call returned it: libpq 17's PQcancelFinish passes PQfinish a PGconn of
// libpq's own [untracked].
template<Call call, class Object, class... Args>
[[gnu::noinline]] auto forward(const void* caller, Object* conn, Args... args) {
    real::Binding binding{};
    Connection* inherited = nullptr;
    if constexpr (std::is_same_v<Object, PGconn>)
        inherited = inherited_connection(conn);
    if (inherited) {
        tracker::using_inherited(*inherited, kind_of<call>.use);
        binding.libpq = inherited->libpq;
    } else {
        binding = real::binding_of_untracked(caller, call);
    }
    if constexpr (std::is_same_v<Object, PGconn>)
        if (binding.libpq && (inherited ? inherited->state() == State::swept : table::parents() != nullptr))
            parking::end_in_child(binding.libpq->PQsocket(conn));
    auto function = binding.get<call>();
    return function ? function(conn, args...) : failure<call>(conn, args...);
}

} // namespace pqsweep
