// The socket of a connection, which the kernel tells from every other one by its cookie.
// Context: any thread, signal handler; no cancellation point. errno: kept. Locks: none.
#pragma once

#include <cstdint>
#include <string_view>

namespace pqsweep {

// Returns 0 if `fd` is no socket; the cookie of a socket is never 0, and is never used twice while the machine is up.
// (Before Linux 4.6 there is no SO_COOKIE. The inode number stands in: it is unique among the open sockets.)
uint64_t socket_cookie(int fd);

enum class Cut : uint8_t {
    done,          // shut down, or gone before
    no_descriptor, // the process is at its descriptor limit: nothing was done
};

// Shuts down the socket `cookie` if `fd` still is that socket. Sends `farewell` first, if that fits at once.
// A descriptor number can become another file at any time [descriptor_reuse]. So this works on a duplicate: once that has
// the right cookie, no other thread can turn it into another file.
Cut cut_socket(int fd, uint64_t cookie, std::string_view farewell);

// Returns another number for the file, not that of a standard stream; a negative errno if there is none.
int duplicate(int fd);
// Returns one for the socket `cookie`; -EBADF if `fd` is not that socket.
int copy_of(int fd, uint64_t cookie);

// Sends `farewell` to a socket, if that fits at once, shuts it down, and closes that number of it.
void cut_copy(int copy, std::string_view farewell);

// Makes a socket that looks like that of an idle connection to poll and epoll: writable, with nothing to read, and at no end. A
// write to it fails, and nothing ever comes. To shut it down wakes those who wait for it: that is why it is one of UDP, and not
// an unconnected Unix socket, of which only a peer is woken. Returns a negative errno if it can't be made.
int make_inert_socket();
// Returns whether `fd` is such a socket. All of libpq's are stream sockets.
bool is_inert_socket(int fd);

// Gives an inert socket an end, which needs no other descriptor: it sends itself datagrams without bytes, which read like one.
void end_inert_socket(int fd);

// Returns whether there are bytes to read, also from a socket that was shut down.
bool has_unread_input(int fd);

// Returns whether the peer of a TCP socket that was shut down still has its end open; false if that is unknown.
bool is_open_at_peer(int fd, uint64_t cookie);

// Cuts like cut_socket(), without a duplicate. Only for use inside in_private_descriptor_table().
void cut_private_socket(int fd, uint64_t cookie, std::string_view farewell);

// Sends to the socket `cookie` if `fd` still is that socket.
void send_to_socket(int fd, uint64_t cookie, std::string_view bytes);

// Runs work(context) in a copy of the process's descriptor table: the memory and the numbers are the same, but no other
// thread can change what a number means, and closing one frees it in the copy alone. That needs no free descriptor, and so
// works at the descriptor limit, where leaks lead [descriptor_limit]. Returns false if the kernel refuses.
// A vfork-like process does the work. It ends before this returns, and raises no SIGCHLD.
bool in_private_descriptor_table(void (*work)(void* context), void* context);

} // namespace pqsweep
