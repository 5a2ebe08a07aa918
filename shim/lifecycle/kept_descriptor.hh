// The kept descriptor: the number that a connection has keeps meaning this connection while it is revived.
//
// Drivers read a connection's descriptor number before they call libpq, or cache it (ruby-pg). PQreset closes the old
// socket before it opens the new one, and another thread could get the number in between. So libpq's `close` leaves the old
// socket open, and the new socket is moved onto its number:
//
//     libpq, inside PQreset     our hook                            number 7 is
//                                                                   the inert socket, or the old one, shut down
//     close(7)                  must_stay_open: does nothing        the same, reserved
//     socket() = 9              move_socket: dup3(9, 7), close(9)   the new socket; libpq gets 7
//
// At the descriptor limit there is no 9. Then open_socket closes 7, and makes the new socket under that number if no
// other thread has got it meanwhile. If another thread has closed 7, or put a file of its own there, libpq gets 9.
//
// Context: the thread that revives. All state is thread-local. errno: as the hooked function leaves it. Locks: none.
#pragma once

#include "shim/lifecycle/epoll_sets.hh"
#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

#include <climits>

namespace pqsweep::kept_descriptor {

// The number that this thread's revival keeps; `none` outside of a revival. Programs do close -1.
inline constexpr int none = INT_MIN;
extern constinit thread_local int number;

// Keeps the number `fd` while it lives. At its end, event loops that watched the number watch it again, and an io_uring's
// polls of an inert socket there end. If libpq has closed the old socket and made no new one, the number is closed at last.
class Keep {
public:
    Keep(const Libpq& libpq, int fd, const Registrations& registrations);
    ~Keep();
    Keep(const Keep&) = delete;
    Keep& operator=(const Keep&) = delete;

private:
    const Registrations& registrations_;
    int inert_;
};

// Sets the kept number aside while it lives: the sockets that a signal handler opens are not the revival's.
class Suspended {
public:
    Suspended() : number_(number) { number = none; }
    ~Suspended() { number = number_; }
    Suspended(const Suspended&) = delete;
    Suspended& operator=(const Suspended&) = delete;

private:
    int number_;
};

// `caller` closes the kept number. Returns whether the old socket has to stay open: if the caller is libpq.
bool must_stay_open(const void* caller);

// `caller` has made the socket `fd`. If the caller is libpq, moves it to the kept number. Returns its number, or -1 and
// errno.
int move_socket(int fd, int type, const void* caller);

// `caller` could make no socket at the descriptor limit. If the caller is libpq, makes it under the kept number.
int open_socket(int domain, int type, int protocol, const void* caller);

} // namespace pqsweep::kept_descriptor
