// Cancels: holds a PGcancel for each open connection, with which a sweep asks the server to stop what it is running.
//
// The owner thread puts it in. A sweep takes it out, uses it and puts it back. They never wait for each other: if the owner
// has put in another one meanwhile, the sweep's goes to a list, and the next owner that puts one in frees that list.
//
// The program has PGcancels of its own: psycopg2 takes one when it connects, and uses it much later. A revival would leave
// them with the key of a backend that is gone. So the bytes of the new PGcancel are copied over them: a PGcancel is one flat
// block of memory, because PQcancel is async-signal-safe. PQcancel itself is not hooked, and stays so.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::cancels {

// The connection's slot begins. Returns false if there is no memory. Context: owner thread.
bool begin(Table& table, const Connection& connection);

// Puts one in for an open connection, and renews the program's after a revival. Frees its former one, and the list.
// Context: owner thread.
void keep(Table& table, const Connection& connection, const PGconn* conn);

// Frees the one of a connection whose slot ends. Context: owner thread.
void forget(Table& table, const Connection& connection);

// Asks the server to stop what the connection is running, if there is a PGcancel. PQcancel blocks until the server has
// read the request. Context: the sweep, with the slot pinned; any thread, signal handler. Frees nothing.
void send(Table& table, const Connection& connection);

// The program has got a PGcancel of that connection. Beyond three at a time, they are not noted, and a revival does not renew
// them. Context: any thread.
void handed_out(const Table& table, const Connection& connection, PGcancel* cancel);

// The program is about to free it. Context: any thread.
void taken_back(PGcancel* cancel);

// The program has reset the connection itself: the PGcancels that it has stay those of the former session, as without us.
// Context: owner thread.
void disown(const Table& table, const Connection& connection);

// Call in the child of a fork.
void forget_threads();

} // namespace pqsweep::cancels
