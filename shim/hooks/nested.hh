// What all hooks of libpq have in common: calls that go straight through, because they are libpq's own or with a
// connection that is none of ours.
#pragma once

#include "shim/base/sanitizers.hh"
#include "shim/lifecycle/tracker.hh"

#include <type_traits>

namespace pqsweep {

// A connection that we do not track: opened untracked, or inherited across a fork. Untouched.
template<Call call, class... Args>
[[gnu::noinline]] auto forward(tracker::Use use, const void* caller, PGconn* conn, Args... args) {
    using Result = std::invoke_result_t<typename Function<call>::Type, PGconn*, Args...>;
    const Libpq* libpq = nullptr;
    if (Connection* inherited = table::parents_connection(conn)) {
        tracker::using_inherited(*inherited, use);
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
inline constinit thread_local Inside inside_of{};

// libpq calls its own exported functions through us. What it does inside a call of the program's is part of
// that call.
inline bool is_nested(const Connection& c, const void* caller) {
    return c.inside.load(std::memory_order_relaxed) && c.libpq->contains(caller);
}

inline void enter(Connection& c) {
    c.inside.exchange(true, std::memory_order_seq_cst);
}
inline void leave(Connection& c) {
    c.inside.store(false, std::memory_order_release);
}

} // namespace pqsweep
