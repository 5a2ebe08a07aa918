// The sweep: force-closes the stragglers.
//
// Everything here is async-signal-safe: descriptors, atomics and PQcancel (which libpq promises to be so). It
// is no cancellation point and keeps errno.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep {

using Swept = ByActivity<uint32_t>;

namespace sweep {

// Sweeps every connection last used under a tag that has ended, but for those that belong to a fixture, and those that
// PQSWEEP_KEEP or PQSWEEP_GRACE spare. A fixture's connection in a transaction that a test began has a grace of 1.
// Answers how many that were. When it returns their sockets are shut down, and running statements have been asked to
// stop, twice; asking takes two seconds at most, however many servers do not answer. No signal handler runs in this
// thread meanwhile.
Swept after_tag_change(Table& table);

// Sweeps what that fixture has still open: connections that were opened while it was set up, and those last used then. In all
// else as above.
Swept after_fixture_end(Table& table, TextId fixture);

// Sweeps what was last used under the current tag, too, which goes on; PQSWEEP_GRACE spares nothing. In all else as
// above.
Swept on_request(Table& table);

// When this thread's cancelling must be over, in nanoseconds of CLOCK_MONOTONIC; 0: it is not cancelling. For the socket
// that PQcancel is about to open.
extern constinit thread_local int64_t cancel_deadline;

// Does PQSWEEP_KEEP spare it?
bool is_kept(const Table& table, const Connection& connection, Activity activity);

} // namespace sweep
} // namespace pqsweep
