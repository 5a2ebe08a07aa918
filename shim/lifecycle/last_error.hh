// The obituary: why a swept connection is gone, told to its owner as the server would have told it.
//
// libpq's own words for a closed socket, "server closed the connection unexpectedly", send people hunting for
// server crashes. So before the owner's next call, the dead socket is replaced (same descriptor number) by
// one that holds a FATAL 57P01 with the whole story, followed by the end of the stream.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep::last_error {

// Called by the owner, outside libpq, on a swept connection. False where it must keep to libpq's own error:
// an encrypted stream, one that may be in the middle of a message, or no descriptors left.
// `expects_reply`: libpq is about to wait for the end of a command, and not just to look for input.
bool deliver(Table& table, Connection& connection, bool expects_reply);

} // namespace pqsweep::last_error
