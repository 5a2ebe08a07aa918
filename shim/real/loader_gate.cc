#include "shim/real/loader_gate.hh"

#include "shim/base/backoff.hh"

namespace pqsweep::loader_gate {

namespace {

// A fork handler of the program's can connect, before or after ours has run. It need not wait for its own fork.
constinit thread_local bool is_forking;

// A fork takes milliseconds. On a busy machine, the system can keep a thread from running for tens of them.
constexpr int64_t patience = 100'000'000;

} // namespace

Inside::Inside() : process_(process_page::writable()) {
    process_.threads_inside.fetch_add(1);
    for (Backoff backoff; process_.forks_under_way > 0 && !is_forking;) {
        process_.threads_inside.fetch_sub(1);
        bool is_patient = backoff.pause(patience);
        process_.threads_inside.fetch_add(1);
        if (!is_patient)
            return;
    }
}

Inside::~Inside() {
    process_.threads_inside.fetch_sub(1);
}

void before_fork() {
    is_forking = true;
    ProcessPage& process = process_page::writable();
    process.forks_under_way.fetch_add(1);
    for (Backoff backoff; process.threads_inside > 0;)
        if (!backoff.pause(patience))
            return;
}

void after_fork_in_parent() {
    process_page::writable().forks_under_way.fetch_sub(1);
    is_forking = false;
}

void after_fork_in_child() {
    is_forking = false;
}

} // namespace pqsweep::loader_gate
