// Relaxed<T>: a value that several threads, or a signal handler and the thread that it interrupts, read and write without
// any order between the value and other memory. It reads and writes like a plain T, and is never torn.
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include <atomic>

namespace pqsweep {

template<class T>
class Relaxed {
public:
    constexpr Relaxed(T value = T()) : value_(value) {}
    Relaxed(const Relaxed& other) : value_(T(other)) {}
    Relaxed& operator=(const Relaxed& other) {
        *this = T(other);
        return *this;
    }
    operator T() const { return value_.load(std::memory_order_relaxed); }
    Relaxed& operator=(T value) {
        value_.store(value, std::memory_order_relaxed);
        return *this;
    }
    // Returns the new value.
    T add(T amount) { return value_.fetch_add(amount, std::memory_order_relaxed) + amount; }
    void raise_to(T candidate) {
        T seen = *this;
        while (seen < candidate &&
               !value_.compare_exchange_weak(seen, candidate, std::memory_order_relaxed)) {
        }
    }

private:
    std::atomic<T> value_;
};

} // namespace pqsweep
