// Backoff: the pause between two looks at something that another thread is about to change. It yields at first; then it
// sleeps, so that a thread of lower priority can go on.
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include "shim/base/sys.hh"

namespace pqsweep {

class Backoff {
public:
    // Returns false when it has slept for about `patience` in all.
    bool pause(int64_t patience) {
        if (turns_ < most_yields) {
            turns_++;
            sys::sched_yield();
            return true;
        }
        if (slept_ >= patience)
            return false;
        sys::nanosleep(sleep_);
        slept_ += sleep_;
        sleep_ = sleep_ < longest_sleep / 2 ? 2 * sleep_ : longest_sleep;
        return true;
    }
    void pause() { pause(INT64_MAX); }

private:
    static constexpr int most_yields = 20;
    static constexpr int64_t longest_sleep = 1'000'000; // nanoseconds
    int turns_ = 0;
    int64_t sleep_ = 20'000;
    int64_t slept_ = 0;
};

} // namespace pqsweep
