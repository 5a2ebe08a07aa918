// Cancels: holds a PGcancel for each open connection, with which a sweep asks the server to stop what it is running.
//
// The owner thread puts it in. A sweep takes it out, uses it and puts it back. They never wait for each other: if the owner
// has put in another one meanwhile, the sweep's goes to a list, and the next owner that puts one in frees that list.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::cancels {

// The connection's slot begins. Returns false if there is no memory. Context: owner thread.
bool begin(Table& table, const Connection& connection);

// Puts one in for an open connection. Frees its former one, and the list. Context: owner thread.
void keep(Table& table, const Connection& connection, const PGconn* conn);

// Frees the one of a connection whose slot ends. Context: owner thread.
void forget(Table& table, const Connection& connection);

// Asks the server to stop what the connection is running, if there is a PGcancel. PQcancel blocks until the server has
// read the request. Context: the sweep, with the slot pinned; any thread, signal handler. Frees nothing.
void send(Table& table, const Connection& connection);

} // namespace pqsweep::cancels
