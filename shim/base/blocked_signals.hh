// BlockedSignals: while one lives, no handler runs in the thread, nor jumps away from it. Inside another one it costs
// nothing, so whoever takes several locks makes one first. Async-signal-safe; keeps errno.
#pragma once

#include "shim/base/relaxed.hh"

#include <csignal>

namespace pqsweep {

class BlockedSignals {
public:
    // The depth tells only what is true already: a handler may run before it has grown, and not while it is above 0.
    BlockedSignals() {
        if (depth == 0) {
            sigset_t all;
            sigfillset(&all);
            pthread_sigmask(SIG_BLOCK, &all, &mask_);
        }
        std::atomic_signal_fence(std::memory_order_seq_cst);
        depth = depth + 1;
    }
    ~BlockedSignals() {
        depth = depth - 1;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (depth == 0)
            pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

private:
    static inline constinit thread_local Relaxed<int> depth{0};
    sigset_t mask_; // of the outermost one
};

} // namespace pqsweep
