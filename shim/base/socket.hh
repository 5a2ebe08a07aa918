// What the kernel knows of a connection: its socket, told apart from every other by its cookie.
//
// Everything here is async-signal-safe and no cancellation point: raw system calls where libc's are one.
#pragma once

#include <cstdint>
#include <string_view>

namespace pqsweep {

// Never 0, never used twice while the machine is up; 0 if `fd` is no socket. (Where the kernel has no
// SO_COOKIE, older than Linux 4.6, the inode number stands in: unique among the sockets that are open.)
uint64_t socket_cookie(int fd);

enum class Cut : uint8_t {
    done,          // shut down, or gone before
    no_descriptor, // the process is at its descriptor limit: nothing was done
};

// Shuts down the socket `cookie` if `fd` still is it. Works on a duplicate: once that has the right cookie,
// no other thread can turn it into another file. With `farewell`, sends that first, if it fits at once.
Cut cut_socket(int fd, uint64_t cookie, std::string_view farewell);

// Of a TCP socket `cookie` that was shut down: whether the peer still has its end open. False where that can't be told.
bool is_open_at_peer(int fd, uint64_t cookie);

// cut_socket() where no duplicate can be had. Only for use inside in_private_descriptor_table().
void cut_private_socket(int fd, uint64_t cookie, std::string_view farewell);

// Sends to the socket `cookie` if `fd` still is it.
void send_to_socket(int fd, uint64_t cookie, std::string_view bytes);

// Runs work(context) on this thread's behalf in a copy of the process's descriptor table: same memory, same
// numbers, but no other thread can change what they mean, and closing one frees it there alone. Needs no free
// descriptor. (A vfork-like clone; it ends before this returns and raises no SIGCHLD.) False if the kernel
// refused.
bool in_private_descriptor_table(void (*work)(void* context), void* context);

// In the child of a fork, where whoever was using one does not exist.
void forget_private_descriptor_tables();

// PostgreSQL's Terminate message.
constexpr std::string_view terminate_message("X\0\0\0\4", 5);

} // namespace pqsweep
