#pragma once

#include <cstdint>
#include <ctime>

namespace pqsweep {

constexpr int64_t second = 1'000'000'000;

// CLOCK_MONOTONIC in nanoseconds. Async-signal-safe.
inline int64_t now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * second + t.tv_nsec;
}

} // namespace pqsweep
