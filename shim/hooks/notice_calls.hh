// Surrounds the call that sets a connection's notice receiver. A revival silences it for a while (lifecycle/notices.hh).
//
// Context: the owner's thread. errno: what the real call leaves. Locks: none.
#pragma once

#include "shim/hooks/in_call.hh"
#include "shim/lifecycle/notices.hh"

namespace pqsweep {

template<Call call>
PQnoticeReceiver set_receiver(const void* caller, PGconn* conn, PQnoticeReceiver function, void* argument) {
    auto [table, c] = tracked(conn);
    if (!c)
        return forward<call>(caller, conn, function, argument);
    if (function) // else the program only asks
        notices::note(*table, *c, function, argument);
    return c->libpq->get<call>()(conn, function, argument);
}

} // namespace pqsweep
