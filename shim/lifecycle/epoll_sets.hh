// Epoll sets: the process's, and the registrations of one descriptor number in them, so that they can be made again.
//
// The kernel registers a file, not a number. So when a sweep or a revival puts another socket under the number, an event loop
// that registered it once hears no more of it, and waits for ever for the reply to what it sends next (asyncio, libev, Asio). The
// kernel lists the registrations of a set in /proc:
//
//     /proc/thread-self/fd/4       anon_inode:[eventpoll]
//     /proc/thread-self/fdinfo/4   tfd:        7 events:       19 data:                7  pos:0 ino:1d2 sdev:8
//
// `ino` tells the file that was registered. That of another file is a leftover: a child still has that file.
//
// Loops that use poll or select pass the number each time, and need nothing. An io_uring's polls can't be seen, only that there
// are some:
//
//     /proc/thread-self/fd/5       anon_inode:[io_uring]
//     /proc/thread-self/fdinfo/5   PollList:
//                                    op=6, task_works=0
//
// A look costs a readlink for each descriptor of the process, and a few microseconds for each set.
//
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include <cstdint>
#include <sys/epoll.h>
#include <sys/types.h>

namespace pqsweep {

class EpollSets {
public:
    // Looks for the sets; of more than 16, notes the first 16.
    EpollSets();

    bool has_polling_ring() const { return has_polling_ring_; }
    bool is_empty() const { return count_ == 0; }
    const int* begin() const { return sets_; }
    const int* end() const { return sets_ + count_; }

private:
    static constexpr int most = 16;

    int count_ = 0;
    int sets_[most];
    bool has_polling_ring_ = false;
};

class Registrations {
public:
    // Notes those of `fd`, for the file that is under it now; of more than eight, the first eight. -1: none.
    Registrations(const EpollSets& sets, int fd);

    // Returns false if there are more, or if the same file is registered under another number.
    bool are_complete() const { return are_complete_; }

    // Takes them back, while the same file is still under the number.
    void remove() const;

    // Registers what is under the number now in the same sets, for the same events and with the same data. (One that was for
    // one event, which has come, is made again for no event but a hang-up.)
    void make_again() const;

private:
    struct Registration {
        int set;
        epoll_event event;
    };
    static constexpr int most = 8;

    void note(int set, const char* line, ino_t file);

    int fd_;
    int count_ = 0;
    bool are_complete_ = true;
    Registration registrations_[most];
};

} // namespace pqsweep
