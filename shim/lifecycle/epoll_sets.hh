// Epoll sets: the registrations of one descriptor number in the process's epoll sets, so that they can be made again.
//
// The kernel registers a file, not a number. So when a revival puts another socket under the number, an event loop that
// registered it once hears no more of it, and waits for ever for the reply to what it sends next (asyncio, libev, Asio). The
// kernel lists the registrations of a set in /proc:
//
//     /proc/thread-self/fd/4       anon_inode:[eventpoll]
//     /proc/thread-self/fdinfo/4   tfd:        7 events:       19 data:                7  pos:0 ino:1d2 sdev:8
//
// A look costs a readlink for each descriptor of the process, and nothing else if none is an epoll set. Loops that use poll,
// select or io_uring's poll pass the number each time, and need nothing.
//
// Context: any thread. errno: kept. Locks: none.
#pragma once

#include <cstdint>
#include <sys/epoll.h>

namespace pqsweep {

class EpollSets {
public:
    // Notes the registrations of `fd`; of more than eight, the first eight.
    explicit EpollSets(int fd);

    // Registers what is under the number now in the same sets, for the same events and with the same data.
    void watch_again() const;

private:
    struct Registration {
        int set;
        epoll_event event;
    };
    static constexpr int most = 8;

    void note_all_in(int set, const char* name);
    void note(int set, const char* line);

    int fd_;
    int count_ = 0;
    Registration registrations_[most];
};

} // namespace pqsweep
