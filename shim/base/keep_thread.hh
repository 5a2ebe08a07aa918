// KeepThread: while one lives, the thread is not cancelled and no handler runs in it that could jump away; at its end
// errno is what it was.
#pragma once

#include "shim/base/blocked_signals.hh"
#include "shim/base/keep_errno.hh"

#include <pthread.h>

namespace pqsweep {

class KeepThread {
public:
    KeepThread() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_); }
    ~KeepThread() { pthread_setcancelstate(state_, nullptr); }
    KeepThread(const KeepThread&) = delete;
    KeepThread& operator=(const KeepThread&) = delete;

private:
    KeepErrno keep_;
    BlockedSignals blocked_;
    int state_ = 0;
};

} // namespace pqsweep
