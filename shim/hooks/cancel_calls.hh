// Surrounds the calls that hand out a PGcancel and free it. A revival renews those that the program has (lifecycle/cancels.hh).
//
// Context: any thread. errno: what the real call leaves. Locks: none across a real call.
#pragma once

#include "shim/hooks/in_call.hh"
#include "shim/lifecycle/cancels.hh"

namespace pqsweep {

template<Call call>
PGcancel* get_cancel(const void* caller, PGconn* conn) {
    Table* table = table::existing();
    Connection* c = table ? table->connections.find(conn) : nullptr;
    if (!c)
        return forward<call>(caller, conn);
    PGcancel* cancel = c->libpq->get<call>()(conn);
    if (cancel && !Lifetime(c->lifetime).is_endless())
        cancels::handed_out(*table, *c, cancel);
    return cancel;
}

template<Call call>
void free_cancel(const void* caller, PGcancel* cancel) {
    if (cancel && table::existing())
        cancels::taken_back(cancel);
    forward<call>(caller, cancel);
}

} // namespace pqsweep
