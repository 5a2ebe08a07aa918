// Surrounds the calls that hand out a PGcancel or a PGcancelConn, and those that use and free it. A revival renews those that the
// program has (lifecycle/cancels.hh, cancel_conns.hh).
//
// Context: any thread. errno: what the real call leaves. Locks: none across a real call.
#pragma once

#include "shim/hooks/in_call.hh"
#include "shim/lifecycle/cancel_conns.hh"
#include "shim/lifecycle/cancels.hh"

namespace pqsweep {

template<Call call>
auto get_cancel(const void* caller, PGconn* conn) -> decltype(forward<call>(caller, conn)) {
    auto [table, c] = tracked(conn);
    if (!c)
        return forward<call>(caller, conn);
    auto function = c->libpq->get<call>();
    if (!function)
        return failure<call>(conn);
    auto cancel = function(conn);
    if (cancel && !Lifetime(c->lifetime).is_endless()) {
        if constexpr (call == Call::PQcancelCreate)
            cancel_conns::handed_out(*c, cancel);
        else
            cancels::handed_out(*table, *c, cancel);
    }
    return cancel;
}

// Passes a call on with what stands for the program's PGcancelConn now. libpq's own calls have that already.
template<Call call, class Cancel>
auto with_real(cancel_conns::Real real, const void* caller, Cancel* cancel) {
    return real.libpq && !real.libpq->contains(caller) ? real.libpq->get<call>()(real.conn)
                                                       : forward<call>(caller, cancel);
}

template<Call call, class Cancel>
auto use_cancel(const void* caller, Cancel* cancel) {
    return with_real<call>(cancel_conns::real_of(cancel), caller, cancel);
}

template<Call call>
auto start_cancel(const void* caller, PGcancelConn* cancel) {
    bool is_libpqs = real::libpq_containing(caller);
    return with_real<call>(is_libpqs ? cancel_conns::Real{} : cancel_conns::starting(cancel), caller, cancel);
}

template<Call call>
void free_cancel(const void* caller, PGcancel* cancel) {
    if (cancel && table::existing())
        cancels::taken_back(cancel);
    forward<call>(caller, cancel);
}

template<Call call>
void free_cancel(const void* caller, PGcancelConn* cancel) {
    with_real<call>(cancel_conns::taken_back(cancel), caller, cancel);
}

} // namespace pqsweep
