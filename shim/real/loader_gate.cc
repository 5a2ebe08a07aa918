#include "shim/real/loader_gate.hh"

#include <atomic>
#include <ctime>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pqsweep::loader_gate {

namespace {

constinit std::atomic<int> threads_inside;
constinit std::atomic<bool> is_forking;

// A fork takes milliseconds. On a busy machine, the system can keep a thread from running for tens of them.
constexpr int most_turns = 200;

void pause(int turn) {
    constexpr timespec millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
    if (turn < most_turns / 2)
        sched_yield();
    else
        syscall(SYS_nanosleep, &millisecond, nullptr); // libc's nanosleep() is a cancellation point
}

} // namespace

Inside::Inside() {
    threads_inside.fetch_add(1);
    for (int turn = 0; is_forking && turn < most_turns; turn++) {
        threads_inside.fetch_sub(1);
        pause(turn);
        threads_inside.fetch_add(1);
    }
}

Inside::~Inside() {
    threads_inside.fetch_sub(1);
}

void before_fork() {
    is_forking = true;
    for (int turn = 0; threads_inside > 0 && turn < most_turns; turn++)
        pause(turn);
}

void after_fork_in_parent() {
    is_forking = false;
}

void after_fork_in_child() {
    is_forking = false;
    threads_inside = 0;
}

} // namespace pqsweep::loader_gate
