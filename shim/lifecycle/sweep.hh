// The sweep: closes the stragglers, the connections that are still open although their tag has ended.
//
// A sweep runs inside the call that changes the tag (setenv, or the handler of PQSWEEP_SIGNAL), so no connection of the
// old module is left when the new module goes on. The connections belong to other threads, or to the code that the
// handler interrupts. So the sweep reads and claims slots, works on sockets and sends cancels, and touches no PGconn. The
// owner learns of it at its next call.
//
//     for each slot    claim it (ledger.hh), send a Terminate if the server waits for one, shut the socket down; an inert socket
//                      takes the number of a connection that can be revived, in a transaction by a ROLLBACK (parking.hh); the
//                      server is asked what the session of one in doubt is, and the socket is shut down when the reply has
//                      come (inquiry.hh)
//     then             cancel what is running, up to seven times; a backend whose socket is shut down lives on until
//                      its statement ends, and a cancel that comes before the statement does nothing
//
// For example, test_a.py leaves an idle connection, and a second thread in `select pg_sleep(60)`. When pytest sets the
// next PYTEST_CURRENT_TEST, our setenv sweeps both. The idle session ends with the Terminate. The other socket is shut
// down, PQcancel ends the statement, and PQexec returns an error in its thread.
//
// A connection that another thread is just using is no leak. So a tag change outside of a signal handler leaves it for up to
// PQSWEEP_SETTLE milliseconds, until their threads make them idle, or use them again and so take them along into the next tag:
//
//     the connection is                                     it can wait
//     inside libpq, or busy, in another thread              until PQSWEEP_SETTLE has passed
//     in a transaction that another thread used last        the same, if it did so in the last fifth of that (50 ms)
//
// It costs about half of what PQfinish takes for an idle straggler (bench/micro). Cancels take two seconds at most,
// however many servers do not respond.
//
// At the descriptor limit no duplicate of a socket can be made, which shutting down the right socket needs. Then the sweep
// does the rest in a vfork-like clone with a descriptor table of its own.
//
// Context: any thread, signal handler; no signal handler runs in this thread meanwhile. errno: kept. It is no cancellation
// point. Locks: the journal's and the table's own, for a few instructions. Memory: none; PQcancel is async-signal-safe.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep {

using Swept = ByActivity<uint32_t>;

namespace sweep {

// Whether a sweep can wait for other threads. In a signal handler it can't: the handler can have interrupted one of them.
enum class Patience : bool { none, settle };

// Sweeps every connection that was last used under a tag that has ended, except those that belong to a fixture, and those
// that PQSWEEP_KEEP or PQSWEEP_GRACE spares. A fixture's connection in a transaction that a test began has a grace of 1. A
// connection that has been connecting for less than ten seconds is spared: an event loop stands still between its tests, with
// the pool that grows in it, and the attempt holds no locks. Returns how many it has swept.
Swept after_tag_change(Table& table, Patience patience);

// Sweeps what that fixture still has open: connections that were opened while it was set up, and those last used then.
Swept after_fixture_end(Table& table, TextId fixture, Patience patience);

// Sweeps what was last used under the current tag, too, which goes on. PQSWEEP_GRACE spares nothing.
Swept on_request(Table& table);

// Counts a connection as a straggler that its owner finishes only because the program's interpreter shuts down, if the
// current tag opened it.
void at_shutdown(Table& table, Connection& connection);

// Ends the open connection with that number, whatever it lives for, because a session waits for its lock: `reason` names that
// session. Spares it if PQSWEEP_KEEP does, or if its owner has moved it on since it had that many `uses`.
Swept end_one(Table& table, uint32_t number, uint32_t uses, std::string_view reason);

// When this thread has to be done with cancels, in nanoseconds of CLOCK_MONOTONIC; 0: it sends none. Our hook of socket
// puts the rest of that time on the socket that PQcancel opens.
extern constinit thread_local int64_t cancel_deadline;

// Whether PQSWEEP_KEEP spares it.
bool is_kept(const Table& table, const Connection& connection, Activity activity);

} // namespace sweep
} // namespace pqsweep
