// KeepThread: while one lives, the thread is not cancelled and no handler runs in it that could jump away; at its end
// errno is what it was.
#pragma once

#include "keep_errno.hh"

#include <csignal>
#include <pthread.h>

namespace pqsweep {

class KeepThread {
public:
    KeepThread() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &mask_);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_);
    }
    ~KeepThread() {
        pthread_setcancelstate(state_, nullptr);
        pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }
    KeepThread(const KeepThread&) = delete;
    KeepThread& operator=(const KeepThread&) = delete;

private:
    KeepErrno keep_;
    int state_ = 0;
    sigset_t mask_;
};

} // namespace pqsweep
