// BorrowedStack: memory for a thread, or for a vfork-like process, to work on whose own stack is too small. A program
// gives 8 kB to a signal handler, and a few to a coroutine.
//
// The stack is mapped for one use, so nobody waits for it. If there is no memory for it, the work runs on the thread's own
// stack. No handler may jump away from it: its user blocks signals.
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include "shim/base/guards.hh"

#include <cstddef>

namespace pqsweep {

class BorrowedStack {
public:
    BorrowedStack();
    ~BorrowedStack();
    BorrowedStack(const BorrowedStack&) = delete;
    BorrowedStack& operator=(const BorrowedStack&) = delete;

    // Null if there is none.
    char* top() const { return memory_ ? memory_ + size : nullptr; }
    // Runs work(context) on it.
    void run(void (*work)(void* context), void* context) const;

private:
    static constexpr size_t size = 256 << 10;
    char* memory_;
    unsigned long valgrinds_number_ = 0;
};

// Calls work() on a borrowed stack. For work that needs more than a kilobyte, in the thread of a program.
template<class Work>
void on_borrowed_stack(Work work) {
    BlockedSignals blocked;
    BorrowedStack().run([](void* it) { (*static_cast<Work*>(it))(); }, &work);
}

} // namespace pqsweep
