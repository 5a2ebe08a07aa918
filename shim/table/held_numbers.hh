// Held numbers: the descriptor numbers under which connections have their sockets.
//
// A sweep puts another socket under the number of an idle connection (lifecycle/parking.hh). No system call does that only if the
// number still means the file that the caller has looked at: between the look and the dup3, another thread could close the
// number and get a file of its own under it, which the dup3 would close. So our hooks of close, dup2, dup3 and close_range let
// a held number go first, and wait while it is gripped:
//
//     none ──── hold ────▶ held ──── Grip ────▶ gripped        while gripped: look at the file, then replace it
//      ▲                  │    ◀─── its end ──┘    │
//      └───── let_go ─────┘                        └── let_go waits here
//
// A number that was let go is gripped no more, whatever is under it: so either the closer wins, or it waits a few system calls.
// A close that no hook sees (a raw system call, an io_uring) has only the cookie against it.
//
// Context: any thread, signal handler. errno: kept. All-zero bytes hold nothing.
#pragma once

#include "shim/base/backoff.hh"
#include "shim/base/guards.hh"
#include "shim/base/relaxed.hh"
#include "shim/table/backing.hh"

#include <atomic>
#include <cstdint>

namespace pqsweep {

class HeldNumbers {
public:
    // In a whole table: as many as the kernel gives a process, unless an administrator wants more.
    static constexpr uint32_t most = 1 << 20;
    static constexpr Room room(uint32_t capacity) { return {.own = whole_units(capacity)}; }
    void settle(uint32_t capacity, char*, char* own) {
        capacity_ = capacity;
        states_ = reinterpret_cast<std::atomic<uint8_t>*>(own);
    }

    // While one lives, and the number was held, no other thread closes or replaces the number through libc.
    class Grip {
    public:
        Grip(HeldNumbers& numbers, int fd);
        ~Grip();
        Grip(const Grip&) = delete;
        Grip& operator=(const Grip&) = delete;

        explicit operator bool() const { return state_; }

    private:
        BlockedSignals
            blocked_; // a handler that closed the number would wait for the thread that it interrupts
        std::atomic<uint8_t>* state_ = nullptr;
    };

    // A connection has its socket under the number.
    void hold(int fd);

    bool is_held(int fd) const { return covers(fd) && states_[fd].load(std::memory_order_relaxed) != none; }

    // Its file is about to be closed or replaced. Waits for a Grip, for a second at most. Returns whether it was held.
    bool let_go(int fd);

    // Lets all held numbers in that range go.
    void let_go_between(unsigned first, unsigned last);

    // Waits while the number is gripped, for a second at most.
    void await(int fd) const;

private:
    enum : uint8_t { none, held, gripped };
    static constexpr int64_t patience = 1'000'000'000;

    bool covers(int fd) const { return static_cast<unsigned>(fd) < capacity_; }

    std::atomic<uint8_t>* states_;
    uint32_t capacity_;
    Relaxed<uint32_t> end_; // behind the highest that was ever held
};

} // namespace pqsweep
