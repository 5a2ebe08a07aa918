// Cancels: the PGcancel of each connection, with which a sweep asks the server to stop what it is running.
//
// The owner thread keeps one while its connection is open. A sweep takes it out, uses it and puts it back. They never
// wait for each other: if the owner has kept another one meanwhile, the sweep's waits on a list until an owner frees it.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::cancels {

// The connection's slot begins. Returns false if there is no memory. Context: owner thread.
bool begin(Table& table, const Connection& connection);

// Gets one for an open connection, and frees its former one and all that sweeps left over. Context: owner thread.
void keep(Table& table, const Connection& connection, const PGconn* conn);

// Frees the one of a connection whose slot ends. Context: owner thread.
void forget(Table& table, const Connection& connection);

// Has the server stop what the connection is running, if there is a PGcancel; PQcancel blocks until the server has
// taken note. Context: the sweep, with the slot pinned; any thread, signal handler. Frees nothing.
void send(Table& table, const Connection& connection);

} // namespace pqsweep::cancels
