// Cancel connections: holds the PGcancelConns of libpq 17 and later that the program has, and lets each cancel what its
// connection is running after a revival, too.
//
// A PGcancelConn is a connection of its own, which PQcancelStart and PQcancelBlocking send off. It has the key of the backend that
// the connection had when it was made. So a revival makes another one for each, and the next start takes that one's place:
//
//     the program has      p               p                p                p
//     libpq is given       p               p                q                q
//     waiting              -               q                -                -
//                          PQcancelCreate  a revival        PQcancelStart(p) PQcancelFinish(p) frees both
//
// Context: any thread, not a signal handler. errno: not kept. Locks: none is held while libpq works.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::cancel_conns {

// Names what libpq is given instead of a PGcancelConn of the program's. `libpq` is null for one that is not noted.
struct Real {
    const Libpq* libpq;
    PGcancelConn* conn;
};

// The program has got one of that connection. Beyond 32 at a time, they are not noted, and a revival does not renew them.
void handed_out(const Connection& connection, PGcancelConn* conn);

Real real_of(const PGcancelConn* conn);

// Returns that for a call that sends the PGcancelConn off.
Real starting(const PGcancelConn* conn);

// The program is about to free it. Returns what libpq is to free then; the others are freed.
Real taken_back(PGcancelConn* conn);

// Makes another one for each that the program has of a connection that was revived. Context: owner thread.
void renew(const Connection& connection, PGconn* conn);

// The program has reset the connection itself, or it is over: these stay as they are.
void disown(const Connection& connection);

// Call in the child of a fork: its parent's stay as they are, since no connection of its own is theirs.
void forget_parent();

} // namespace pqsweep::cancel_conns
