// Revival: an idle connection that was swept reconnects in place when its owner uses it again, under the same
// descriptor number and with its session's state.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::revive {

enum class Outcome : uint8_t {
    not_wanted, // not one to revive: its owner is told why it is gone
    done,
    no_server,      // libpq's connect error is in the PGconn; the next use tries again
    not_restorable, // it was connected, but what its session had could not be made again; swept as before
};

// Called by the owner, inside its call, on a swept connection that is about to start work. `rolls_back`: with a plain
// ROLLBACK, which is answered truthfully if the connection was swept in a transaction: by a session without it.
Outcome attempt(Table& table, Connection& connection, PGconn* conn, bool rolls_back);

// Its owner looks whether the server sent something, and nothing is under way: whether that may go on as if
// nothing had been sent. Not for one that listens for notifications, and not for one whose owner looks again and
// again: an event loop that its dead socket wakes up.
bool can_wait(Table& table, Connection& connection);

// The number that this thread's revival keeps; -1 outside of one. For the hooks of close and socket.
extern constinit thread_local int kept_descriptor;

// While one lives, in a signal handler, sockets of this thread are none of its revival's.
class Suspended {
public:
    Suspended() : descriptor_(kept_descriptor) { kept_descriptor = -1; }
    ~Suspended() { kept_descriptor = descriptor_; }
    Suspended(const Suspended&) = delete;
    Suspended& operator=(const Suspended&) = delete;

private:
    int descriptor_;
};

// libpq closes the old socket: it has to stay open, so that no other thread gets its number.
bool must_stay_open(const void* caller);

// libpq has made the new socket: moves it to the kept number. Answers its number, or -1 and errno.
int move_to_kept(int fd, int type, const void* caller);

// The process is at its descriptor limit: the old socket's number is the one that can be had.
int open_at_kept(int domain, int type, int protocol, const void* caller);

} // namespace pqsweep::revive
