// The sweep: force-closes the stragglers.
//
// Everything here is async-signal-safe: descriptors, atomics and PQcancel (which libpq promises to be so). It
// is no cancellation point and keeps errno.
#pragma once

#include "table.hh"

namespace pqsweep::sweep {

// Sweeps every connection last used under a tag that has ended, but for those that PQSWEEP_KEEP or
// PQSWEEP_GRACE spare. When it returns their sockets are shut down, and running statements have been asked to
// stop, twice; asking takes two seconds at most, however many servers do not answer. No signal handler runs in this
// thread meanwhile.
void after_tag_change(Table& table);

// The time that a cancel request of this thread may still take, for the socket that PQcancel is about to
// open; negative: this thread is not cancelling.
int64_t cancel_time_left();

// Does PQSWEEP_KEEP spare it?
bool is_kept(const Table& table, const Connection& connection, Activity activity);

} // namespace pqsweep::sweep
