// Lock: a spin lock that a signal handler may take too. All signals of the thread are blocked while it is
// held, so a handler never interrupts its own thread's critical section, nor can a handler jump out of one.
// For sections of a few hundred instructions that call nothing of libpq's or the loader's.
// Async-signal-safe. All-zero bytes are an unlocked lock.
#pragma once

#include "shim/base/blocked_signals.hh"

#include <atomic>
#include <sched.h>

namespace pqsweep {

class Lock {
public:
    class Guard {
    public:
        explicit Guard(Lock& lock) : lock_(lock) {
            while (lock_.held_.exchange(true, std::memory_order_acquire))
                sched_yield();
        }
        ~Guard() { lock_.held_.store(false, std::memory_order_release); }
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;

    private:
        BlockedSignals blocked_;
        Lock& lock_;
    };

    // For the child of a fork, where the thread that held it does not exist.
    void reset() { held_.store(false, std::memory_order_relaxed); }

private:
    std::atomic<bool> held_;
};

} // namespace pqsweep
