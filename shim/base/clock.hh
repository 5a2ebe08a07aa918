#pragma once

#include "shim/base/sys.hh"

namespace pqsweep {

constexpr int64_t second = 1'000'000'000, millisecond = second / 1000;

inline int64_t nanoseconds_of(clockid_t clock) {
    timespec time = sys::clock_gettime(clock);
    return time.tv_sec * second + time.tv_nsec;
}

// Returns CLOCK_MONOTONIC in nanoseconds. Async-signal-safe.
inline int64_t now() {
    return nanoseconds_of(CLOCK_MONOTONIC);
}

} // namespace pqsweep
