// Waits for a condition, never for a time.
#pragma once

#include <chrono>
#include <poll.h>

namespace pqsweep::tests {

using Milliseconds = std::chrono::milliseconds;

// Calls `condition()` until it returns true or the deadline has passed. Returns whether it returned true.
template<class Condition>
bool eventually(Condition condition, Milliseconds deadline = Milliseconds(10000)) {
    auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end)
            return false;
        poll(nullptr, 0, 2);
    }
    return true;
}

} // namespace pqsweep::tests
