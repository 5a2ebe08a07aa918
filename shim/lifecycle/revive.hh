// Revival: an idle connection that was swept reconnects in place when its owner uses it again.
//
// Pools keep idle connections across test modules, and a sweep closes those, too: only their owner knows that they are
// meant to live. So the sweep costs such a connection nothing but its server's backend, and the owner does not notice:
// PQreset makes a new session in the same PGconn, under the same descriptor number (kept_descriptor.hh), and the replay
// gives it what the old one had (replay.hh). If anything of that is impossible, the owner gets the error that says why
// the connection is gone (last_error.hh). Nothing is faked: a session that can't be made whole is not given back.
//
// For example: SQLAlchemy's pool has a connection with `set search_path to shop` and a prepared statement. Its module
// ends, and the sweep closes the socket. The next module checks the connection out and calls PQexec. The hook finds the
// connection swept, and calls attempt(): PQreset, then the SET and the Parse in one pipeline. PQexec goes on with the new
// session, and the journal has `revive`.
//
// It costs one connect and one round trip, in the owner's call. Another sweep can take the connection while it is being
// revived; then attempt() begins again, eight times in all. It gives up after five seconds, or sooner if connect_timeout says
// so: the server can be a proxy in the same event loop, which stands still meanwhile.
// Context: owner thread, inside its call and outside libpq. errno: not kept. Locks: none is held while libpq works.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::revive {

// Says what the owner thread is about to do with a swept connection.
struct Wish {
    // A plain ROLLBACK. If the connection was swept in a transaction, a session without that transaction is the true result. A
    // ROLLBACK is no use: the connection stays `reviving` until done(), or until its owner starts other work.
    bool rolls_back;
    // A DEALLOCATE, as a destructor sends it, or an empty text. In a transaction it is true, too, in a new session with a transaction
    // around it, if the caller waits for it and that session ends with it.
    bool leaves_transaction = false;
    // A call that does not wait for the reply. The program's event loop has to hear of that, so it must be possible to register
    // the new socket wherever the old one was. If libpq has closed that one, nobody knows where it was, so there must be
    // no event loop.
    bool only_sends = false;
};

// For a swept connection with which its owner is about to start work. Returns whether the connection has its session again. If
// not, its `hindrance` says why; `none`: it is not one to revive.
bool attempt(Table& table, Connection& connection, PGconn* conn, Wish wish);

// The ROLLBACK, or what left the transaction, is done, in a call from `caller`. Closes the socket again: the connection is the straggler
// that it was, idle behind a ROLLBACK.
void done(Table& table, Connection& connection, const void* caller);

// Returns whether the last attempt ended without a connection, and nothing was tried since.
inline bool has_no_connection(const Connection& c) {
    return c.hindrance == Hindrance::no_connection || c.hindrance == Hindrance::no_time ||
           c.hindrance == Hindrance::unheard;
}

// The owner looks whether the server sent something, while nothing is under way. Returns whether that look can go on as if
// nothing had been sent, so that the connection is revived later. Not for a connection that can't be revived, and not
// after eight looks if it is not parked, or at all if it is in a transaction, too: an event loop that the dead socket wakes up would look
// for ever.
bool can_wait(Table& table, Connection& connection);

} // namespace pqsweep::revive
