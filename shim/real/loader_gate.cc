#include "shim/real/loader_gate.hh"

#include "shim/base/backoff.hh"

#include <atomic>

namespace pqsweep::loader_gate {

namespace {

constinit std::atomic<int> threads_inside;
constinit std::atomic<int> forks_under_way;
// A fork handler of the program's can connect, before or after ours has run. It need not wait for its own fork.
constinit thread_local bool is_forking;

// A fork takes milliseconds. On a busy machine, the system can keep a thread from running for tens of them.
constexpr int64_t patience = 100'000'000;

} // namespace

Inside::Inside() {
    threads_inside.fetch_add(1);
    for (Backoff backoff; forks_under_way > 0 && !is_forking;) {
        threads_inside.fetch_sub(1);
        bool is_patient = backoff.pause(patience);
        threads_inside.fetch_add(1);
        if (!is_patient)
            return;
    }
}

Inside::~Inside() {
    threads_inside.fetch_sub(1);
}

void before_fork() {
    is_forking = true;
    forks_under_way.fetch_add(1);
    for (Backoff backoff; threads_inside > 0;)
        if (!backoff.pause(patience))
            return;
}

void after_fork_in_parent() {
    forks_under_way.fetch_sub(1);
    is_forking = false;
}

void after_fork_in_child() {
    is_forking = false;
    forks_under_way = 0;
    threads_inside = 0;
}

} // namespace pqsweep::loader_gate
