// Lock: a lock for a few hundred instructions, which a signal handler takes, too.
//
// All signals of the thread are blocked while it holds one: no handler interrupts the critical section of its own thread, or
// jumps out of it. Code inside calls nothing of libpq's or the loader's. All-zero bytes are an unlocked lock.
// Context: any thread, signal handler. errno: kept.
#pragma once

#include "shim/base/backoff.hh"
#include "shim/base/guards.hh"

#include <atomic>

namespace pqsweep {

class Lock {
public:
    class Guard {
    public:
        // Inlined, so that code which TSan watches does not get a copy from code which it does not.
        [[gnu::always_inline]] explicit Guard(Lock& lock) : lock_(lock) {
            for (Backoff backoff; lock_.held_.exchange(true, std::memory_order_acquire);)
                backoff.pause();
        }
        [[gnu::always_inline]] ~Guard() { lock_.held_.store(false, std::memory_order_release); }
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;

    private:
        BlockedSignals blocked_;
        Lock& lock_;
    };

    // Unlocks it in the child of a fork: the thread that held it does not exist there.
    void reset() { held_.store(false, std::memory_order_relaxed); }

private:
    std::atomic<bool> held_;
};

} // namespace pqsweep
