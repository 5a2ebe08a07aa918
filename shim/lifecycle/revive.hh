// Revival: an idle connection that was swept reconnects in place when its owner uses it again.
//
// Pools keep idle connections across test modules, and a sweep closes those, too: only their owner knows that they are
// meant to live. So the sweep costs such a connection nothing but its server's backend, and the owner does not notice:
// PQreset makes a new session in the same PGconn, under the same descriptor number, and a replay gives it what the old one
// had. If anything of that is impossible, the owner gets the error that says why
// the connection is gone (last_error.hh). Nothing is faked: a session that can't be made whole is not given back.
//
// For example: SQLAlchemy's pool has a connection with `set search_path to shop` and a prepared statement. Its module
// ends, and the sweep closes the socket. The next module checks the connection out and calls PQexec. The hook finds the
// connection swept, and calls attempt(): PQreset, then the SET and the Parse in one pipeline. PQexec goes on with the new
// session, and the journal has `revive`.
//
// It costs one connect and one round trip, in the owner's call. Another sweep can take the connection while it is being
// revived; then attempt() begins again, eight times in all.
// Context: owner thread, inside its call and outside libpq. errno: not kept. Locks: none is held while libpq works.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::revive {

enum class Outcome : uint8_t {
    not_wanted, // it is not one to revive, and its owner gets the reason
    done,
    no_server,      // libpq's connect error is in the PGconn; the next use tries again
    not_restorable, // it was connected, but what its session had could not be made again; it is swept as before
};

// For a swept connection with which its owner is about to start work. `rolls_back`: that is a plain ROLLBACK. If the
// connection was swept in a transaction, a session without that transaction is the true result.
Outcome attempt(Table& table, Connection& connection, PGconn* conn, bool rolls_back);

// The owner looks whether the server sent something, while nothing is under way. Returns whether that look can go on as if
// nothing had been sent, so that the connection is revived later. Not for a connection that listens for notifications,
// and not after eight looks: an event loop that the dead socket wakes up would look for ever.
bool can_wait(Table& table, Connection& connection);

// The number that this thread's revival keeps; -1 outside of a revival. Drivers cache the number, so the new socket gets
// it: our hook of close leaves the old socket open when libpq closes it, and our hook of socket puts the new one there.
extern constinit thread_local int kept_descriptor;

// While one lives, in a signal handler, this thread's sockets are not its revival's.
class Suspended {
public:
    Suspended() : descriptor_(kept_descriptor) { kept_descriptor = -1; }
    ~Suspended() { kept_descriptor = descriptor_; }
    Suspended(const Suspended&) = delete;
    Suspended& operator=(const Suspended&) = delete;

private:
    int descriptor_;
};

// libpq closes the old socket. Returns whether it has to stay open, so that no other thread gets its number.
bool must_stay_open(const void* caller);

// libpq has made the new socket: moves it to the kept number. Returns its number, or -1 and errno.
int move_to_kept(int fd, int type, const void* caller);

// At the descriptor limit there is no other number than the old socket's: makes the new socket under that one.
int open_at_kept(int domain, int type, int protocol, const void* caller);

} // namespace pqsweep::revive
