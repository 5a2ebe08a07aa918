// The last error: tells the owner of a swept connection why it is gone, as the server would have told it.
//
// libpq's own words for a closed socket, "server closed the connection unexpectedly", send people hunting for server
// crashes. So before the owner's next call, another socket replaces the dead one, under the same descriptor number. It
// holds a FATAL 57P01 with tag, test, line and reason, and then the end of the stream.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep::last_error {

// Replaces the socket of a swept connection. Returns false if the owner has to keep libpq's own error: the stream is
// encrypted, it might be in the middle of a message, or there are no descriptors left.
// `expects_reply`: libpq is about to wait for the end of a command, and not just to look for input.
// Context: owner thread, outside libpq. errno: kept.
bool deliver(Table& table, Connection& connection, bool expects_reply);

} // namespace pqsweep::last_error
