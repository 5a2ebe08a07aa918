// Keeps forks and the loader's lock apart (I12) [threads_fork].
//
// glibc does not reset the loader's lock in the child of a fork. If a thread of ours held it while another thread
// forked, the child would hang at its first connection. So a fork waits for the threads inside, and a thread that
// wants to go inside waits for the fork. Both wait about a tenth of a second at most.
//
// Context: any thread, not a signal handler. errno: can change. Locks: none.
#pragma once

#include "shim/base/process_page.hh"

namespace pqsweep::loader_gate {

// Surrounds each call of ours that takes the loader's lock. A thread makes one at a time: with two, it could wait for a
// fork that waits for it.
class Inside {
public:
    Inside();
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

private:
    ProcessPage& process_;
};

// For the fork handlers. The child of a fork has no thread inside.
void before_fork();
void after_fork_in_parent();
void after_fork_in_child();

} // namespace pqsweep::loader_gate
