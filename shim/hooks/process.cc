#include "shim/hooks/process.hh"

#include "shim/base/backoff.hh"
#include "shim/base/clock.hh"
#include "shim/base/environment.hh"
#include "shim/base/guards.hh"
#include "shim/base/sanitizers.hh"
#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/base/stderr.hh"
#include "shim/hooks/signal.hh"
#include "shim/lifecycle/cancel_conns.hh"
#include "shim/lifecycle/cancels.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/lifecycle/terminate_at_exit.hh"
#include "shim/real/libc_functions.hh"
#include "shim/real/libpqs.hh"
#include "shim/real/loader_gate.hh"
#include "shim/real/weak_references.hh"
#include "shim/report/journal.hh"
#include "shim/report/summary.hh"
#include "shim/report/totals.hh"
#include "shim/report/witness.hh"

#include <cstdlib>

namespace pqsweep::process {

namespace {

// This is the process whose thread makes the table, or `not_yet`, or `done`. A child of a raw clone() does not wait for a thread
// that only its parent has.
constexpr pid_t not_yet = 0, done = -1;
constinit std::atomic<pid_t> maker{not_yet};
constinit std::atomic<bool> is_watching_forks;
constinit std::atomic<bool> is_ended;
constinit bool has_settings;
constinit pid_t child; // the process in which a fork handler ran; 0: none

// The child can go on with a connection that the parent opened, as daemons do. So the parent must not terminate the
// session at its exit.
void before_fork() {
    loader_gate::before_fork();
    Table* table = table::existing();
    if (table)
        table->connections.each([](Connection& c) { c.shared_with_child = true; });
}

void in_parent() {
    loader_gate::after_fork_in_parent();
}

// A child starts with an empty table. The connections that it inherited belong to its parent [forks, inherits].
void in_child() {
    child = sys::getpid();
    loader_gate::after_fork_in_child();
    real::forget_libpq_finders();
    table::forget();
    tag::forget();
    environment::forget();
    cancels::forget_threads();
    cancel_conns::forget_threads();
    maker.store(not_yet, std::memory_order_relaxed);
    is_ended.store(false, std::memory_order_relaxed);
}

void make_table() {
    if (!has_settings) {
        settings::load();
        has_settings = true;
    }
    if (the_settings().disabled)
        return;
    Table* fresh = table::create();
    if (!fresh) {
        warn("pqsweep: no memory for its table; connections are not tracked\n");
        return;
    }
    fresh->run_socket = fresh->texts.intern(the_settings().run_socket);
    board::share(*fresh);
    journal::start();
    tag::start(*fresh);
    table::publish(*fresh);
    sweep_signal::install(*fresh);
}

// Runs after the program's exit handlers and destructors, which have closed what they close. Only a library whose
// constructor ran before ours can have registered a handler that runs later.
void at_exit(int status, void*) {
    int wanted = end(status);
    auto* exit = wanted != status ? real::libc_function<void(int)>("exit") : nullptr;
    if (exit)
        exit(wanted);
}

[[gnu::constructor]] void start_up() {
    KeepErrno keep;
    if (auto* on_exit = real::libc_function<int(void (*)(int, void*), void*)>("on_exit")) // musl has none
        on_exit(at_exit, nullptr);
    real::resolve();
    real::note_global_scope();
    real::unbind_weak_references();
    note_stderr();
    witness::loaded();
}

} // namespace

void watch_forks() {
    if (is_watching_forks.load(std::memory_order_relaxed) || is_watching_forks.exchange(true))
        return;
    using Handler = void (*)();
    if (auto* add = real::libc_function<int(Handler, Handler, Handler, void*)>("__register_atfork"))
        add(before_fork, in_parent, in_child, nullptr);
    else if (auto* musls = real::libc_function<int(Handler, Handler, Handler)>("pthread_atfork"))
        musls(before_fork, in_parent, in_child);
}

Table* table() {
    if (Table* table = table::existing())
        return table;
    KeepErrno keep;
    pid_t process = sys::getpid();
    pid_t expected = not_yet;
    if (maker.compare_exchange_strong(expected, process, std::memory_order_acq_rel)) {
        make_table();
        maker.store(done, std::memory_order_release);
    }
    for (Backoff backoff; maker.load(std::memory_order_acquire) == process;)
        if (!backoff.pause(second))
            break;
    return table::existing();
}

int end(int status) {
    witness::ended();
    Table* table = table::existing();
    // A vfork child shares our memory. A fork that ran no handlers leaves its child the parent's value of `child`.
    pid_t process = table ? table->pid : child;
    if (!process || process != sys::getpid() || is_ended.exchange(true, std::memory_order_acq_rel))
        return status;
    bool is_failure = false;
    if (Table* parents = table::parents()) {
        summary::print_inherited(*parents);
        is_failure = totals::is_inherited_a_failure(*parents);
    }
    if (table) {
        Unseen unseen;
        journal::exited(*table, status);
        summary::print(*table);
        board::remove();
        is_failure |= totals::is_failure(*table);
        terminate_at_exit::say_all(*table);
    }
    bool is_success = (status & 0377) == 0; // all that a parent process sees
    return is_success && is_failure && the_settings().exit_code ? the_settings().exit_code : status;
}

} // namespace pqsweep::process
