// The last error: puts the reason for the end of a swept connection where libpq reads it, in the form of a server's error.
//
// libpq's own words for a closed socket are "server closed the connection unexpectedly", and people search for a crash of
// the server. So in the owner thread's next call, another socket replaces the dead one under the same descriptor number. It
// holds a FATAL 57P01 with tag, test, line and reason, and then the end of the stream.
#pragma once

#include "shim/table/table.hh"

#include <libpq-fe.h>

namespace pqsweep::last_error {

// Replaces the socket of a swept connection. Returns false if that can't be: the stream is encrypted, it might be in the middle of
// a message, or there are no descriptors left. A parked connection's socket has an end then.
// `expects_reply`: libpq is about to wait for the end of a command. Otherwise it only looks for input.
// Context: owner thread, outside libpq. errno: kept.
bool deliver(Table& table, Connection& connection, bool expects_reply);

// The owner gets `result` after an end whose reason could not be delivered: the result tells it instead (told_errors.hh).
// Context: owner thread. errno: kept.
void tell_in(Table& table, const Connection& connection, const PGresult* result);

// Both return what PQerrorMessage returns; `message` is libpq's own. Context: owner thread. errno: kept.
// After a revival that could not connect. The text is good as long as the process.
const char* of_failed_revival(Table& table, const Connection& connection, const char* message);
// After an end whose reason could not be delivered: the reason, and `message` behind it.
const char* of_untold_end(Table& table, const Connection& connection, const char* message);

} // namespace pqsweep::last_error
