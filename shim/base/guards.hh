// Guards: while one lives, the thread is safe from an interruption; at its end, everything is as before.
//
//   BlockedSignals  No signal handler runs in the thread, nor jumps away from it.
//   KeepErrno       errno is at the end what it was at the beginning. Only calls of libc and libpq change it.
//   NotCancelled    The thread is not cancelled in libc's cancellation points, which libpq calls.
//   KeepThread      All three.
//   NoSigpipe       No SIGPIPE or SIGXFSZ ends the program if a write fails.
//
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include "shim/base/relaxed.hh"
#include "shim/base/sys.hh"

#include <cerrno>
#include <pthread.h>

namespace pqsweep {

// Costs nothing inside another one: code that takes several locks makes one first.
class BlockedSignals {
public:
    // The depth grows only after the signals are blocked: a handler that runs in between blocks them itself.
    BlockedSignals() {
        if (depth == 0)
            mask_ = sys::rt_sigprocmask(SIG_BLOCK, sys::all_signals);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        depth = depth + 1;
    }
    ~BlockedSignals() {
        depth = depth - 1;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (depth == 0)
            sys::rt_sigprocmask(SIG_SETMASK, mask_);
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

private:
    static inline constinit thread_local Relaxed<int> depth{0};
    sys::SignalSet mask_ = 0; // the outermost one sets it
};

class KeepErrno {
public:
    KeepErrno() = default;
    ~KeepErrno() { errno = error_; }
    KeepErrno(const KeepErrno&) = delete;
    KeepErrno& operator=(const KeepErrno&) = delete;

private:
    int error_ = errno;
};

class NotCancelled {
public:
    NotCancelled() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_); }
    ~NotCancelled() { pthread_setcancelstate(state_, nullptr); }
    NotCancelled(const NotCancelled&) = delete;
    NotCancelled& operator=(const NotCancelled&) = delete;

private:
    int state_ = 0;
};

class KeepThread {
    KeepErrno keep_;
    BlockedSignals blocked_;
    NotCancelled not_cancelled_;
};

// A signal that a write of ours has raised is taken away at the end. One that was pending before stays.
class NoSigpipe {
public:
    NoSigpipe()
        : ours_(raised_by_writes & ~sys::rt_sigpending()),
          mask_(sys::rt_sigprocmask(SIG_BLOCK, raised_by_writes)) {}
    ~NoSigpipe() {
        while (sys::take_pending(ours_) != -EAGAIN) {
        }
        sys::rt_sigprocmask(SIG_SETMASK, mask_);
    }
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;

private:
    static constexpr sys::SignalSet raised_by_writes = sys::set_of(SIGPIPE) | sys::set_of(SIGXFSZ);
    sys::SignalSet ours_;
    sys::SignalSet mask_;
};

} // namespace pqsweep
