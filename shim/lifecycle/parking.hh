// Parking: closes the socket of a connection that waits for its owner so that its owner's event loop does not notice.
//
// A socket that is shut down becomes readable, with an end of file. An event loop with a standing reader (asyncio, libev, Asio)
// wakes up then, and its driver reports the connection as lost, although it would be revived. Also in a transaction: its owner's
// ROLLBACK revives it, and anything else meets the reason (last_error.hh). So another socket takes the number,
// on which nothing ever happens:
//
//     number 7                 the old socket              its copy, 9       epoll set 4 has
//     the connection's         open                                          7 (old socket), level-triggered
//     9 = dup(7)               open                        open              the same
//     EPOLL_CTL_DEL(4, 7)      open                        open              -
//     dup3(inert, 7)           open                        open              -
//     EPOLL_CTL_ADD(4, 7)      open                        open              7 (inert), the same events and data
//     shutdown(9), close(9)    shut down, then closed      -                 the same
//
// The set must lose the old socket before the dup3: afterwards no number names it there. It must have lost it before the shutdown,
// which wakes all who wait for that socket, and which can't be left out: a child that has the socket, too, would keep the server's
// session. A revival registers the new socket in the same way.
//
// Loops that wait otherwise:
//   poll, select   The loop passes the number each time. Its thread is not in the middle of a poll while it sends. A connection
//                  for which one thread waits and another one sends is not parked: the kernel's poll would go on to wait for the
//                  queue of a socket that is gone.
//   io_uring       A poll is bound to the file. The shutdown ends it, and the loop polls the inert socket from then on. A revival
//                  shuts that down. But a poll that goes on and on can't be seen: see revive::Wish.
//
// Each connection has an inert socket of its own, because one for all would stay in epoll sets after its number is closed. That
// takes one descriptor for a moment. At the descriptor limit, and if an event loop has the socket under another number or in more
// sets than can be noted, nothing is parked, and the loop wakes up.
//
// If a thread changes its registration between EPOLL_CTL_DEL and EPOLL_CTL_ADD, which are some microseconds apart, it gets ENOENT.
//
// Context: the sweep, with the slot pinned, in any thread or signal handler; or the owner thread. errno: kept. Locks: a Grip on the number.
#pragma once

#include "shim/lifecycle/epoll_sets.hh"
#include "shim/table/table.hh"

namespace pqsweep::parking {

// Returns whether a revival would bring the connection back without its loop's noticing, if it brings it back.
bool is_worth_it(const Connection& connection);

// `owner`: the owner thread parks its own connection, in a call.
enum class By : uint8_t { sweep, owner };

// Parks a swept connection whose socket `cookie` is under the number `fd`. Returns another number for that socket, which the caller
// shuts down. Returns a negative one, and has changed nothing, if that can't be done, if its owner is using it again, or if the number
// has become another file.
int park(Table& table, Connection& connection, int fd, uint64_t cookie, const EpollSets& sets, By by);

// A child process is about to use a connection that it inherited. If that was parked, puts a socket at its end under the number,
// which is the child's own: libpq would wait for the inert one for ever.
void end_in_child(int fd);

} // namespace pqsweep::parking
