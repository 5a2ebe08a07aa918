#include "shim/hooks/process.hh"

#include "shim/base/backoff.hh"
#include "shim/base/clock.hh"
#include "shim/base/environment.hh"
#include "shim/base/guards.hh"
#include "shim/base/relaxed.hh"
#include "shim/base/sanitizers.hh"
#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/base/stderr.hh"
#include "shim/hooks/in_call.hh"
#include "shim/hooks/signal.hh"
#include "shim/lifecycle/cancel_conns.hh"
#include "shim/lifecycle/cancels.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/lifecycle/terminate_at_exit.hh"
#include "shim/lifecycle/told_errors.hh"
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

constinit Relaxed<bool> is_watching_forks;
constinit bool has_settings;

// The child can go on with a connection that the parent opened, as daemons do. So the parent must not terminate the
// session at its exit.
void before_fork() {
    loader_gate::before_fork();
    if (Table* table = table::existing())
        table->connections.begin_fork();
}

void in_parent() {
    loader_gate::after_fork_in_parent();
    if (Table* table = table::existing())
        table->connections.end_fork();
}

// Most children leave without a call of libpq. A child that a notice receiver forks inside such a call returns into our hook, which works
// on with the parent's table.
void in_child() {
    loader_gate::after_fork_in_child();
    if (process_page::has_to_be_emptied())
        process_page::empty();
    if (inside_of.conn || is_connecting)
        begin();
}

void watch_forks() {
    real::resolve();
    is_watching_forks = true;
    using Handler = void (*)();
    if (auto* add = real::libc_function<int(Handler, Handler, Handler, void*)>("__register_atfork"))
        add(before_fork, in_parent, in_child, nullptr);
    else if (auto* musls = real::libc_function<int(Handler, Handler, Handler)>("pthread_atfork"))
        musls(before_fork, in_parent, in_child);
}

// The connections that a child inherited belong to its parent [forks, inherits].
void forget_parent() {
    table::inherit();
    tag::forget();
    environment::forget();
    cancels::forget_threads();
    cancel_conns::forget_parent();
    told_errors::forget_parent();
}

// The first thread of this process that comes to that step does `work`; the others wait for it. The step is a member of the process
// page.
template<class Work>
void do_once(std::atomic<Step> ProcessPage::*member, Work work) {
    std::atomic<Step>& step = process_page::writable().*member;
    if (step.load(std::memory_order_acquire) == Step::done)
        return;
    Step expected = Step::not_yet;
    if (step.compare_exchange_strong(expected, Step::under_way, std::memory_order_acq_rel)) {
        work();
        step.store(Step::done, std::memory_order_release);
    }
    for (Backoff backoff; step.load(std::memory_order_acquire) != Step::done;)
        if (!backoff.pause(second))
            break;
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
    if (!the_settings().run.empty())
        want_warnings();
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

constinit real::LibcFunction<int(void (*)(int, void*), void*)> on_exit{"on_exit"};

[[gnu::constructor]] void start_up() {
    KeepErrno keep;
    elf_symbols::note_start_up();
    if (auto* add = on_exit.pointer()) // musl has none
        add(at_exit, nullptr);
    if (elf_symbols::are_found_without_lock())
        real::_exit.pointer(); // with it, children end
    else
        real::resolve(); // a signal handler could not do it later
    real::unbind_weak_references();
    note_stderr();
    witness::loaded();
}

} // namespace

void begin() {
    do_once(&ProcessPage::beginning, [] {
        BlockedSignals blocked;
        if (is_watching_forks)
            forget_parent();
        else
            watch_forks();
        process_page::writable().pid.store(sys::getpid(), std::memory_order_relaxed);
    });
}

void begin_if_forked() {
    if (is_watching_forks)
        begin();
}

Table* table() {
    if (Table* table = table::existing())
        return table;
    KeepErrno keep;
    do_once(&ProcessPage::making_table, make_table);
    return table::existing();
}

int end(int status) {
    witness::ended();
    ProcessPage& process = this_process();
    pid_t pid = process.pid.load(std::memory_order_relaxed); // a vfork child shares our memory
    if (!pid || pid != sys::getpid() || process.is_ended.exchange(true, std::memory_order_acq_rel))
        return status;
    Table* table = table::existing();
    bool is_failure = false;
    if (Table* parents = table::parents()) {
        summary::print_inherited(*parents);
        is_failure = totals::is_inherited_a_failure(*parents);
    }
    if (table) {
        Unseen unseen;
        if (!tag::is_over())
            journal::left(*table);
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
