#include "shim/hooks/signal.hh"

#include "shim/base/borrowed_stack.hh"
#include "shim/base/guards.hh"
#include "shim/base/sanitizers.hh"
#include "shim/base/settings.hh"
#include "shim/lifecycle/kept_descriptor.hh"
#include "shim/lifecycle/sweep.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/real/libc_functions.hh"

#include <atomic>
#include <csignal>
#include <cstring>

namespace pqsweep::sweep_signal {

namespace {

struct Received {
    Table& table;
    bool is_from_tool;
};

Swept carry_out(Table& table, const Mailbox& mailbox) {
    uint32_t length = mailbox.length; // another process wrote it
    std::string_view text(mailbox.text, length < sizeof mailbox.text ? length : sizeof mailbox.text);
    switch (mailbox.kind) {
    case Mailbox::Kind::sweep:
        return sweep::on_request(table);
    case Mailbox::Kind::tag:
        return tag::set_from_outside(table, text);
    case Mailbox::Kind::fixture:
        tag::set_fixture_from_outside(table, text);
        break;
    case Mailbox::Kind::fixture_end:
        return tag::end_fixture_from_outside(table, text);
    case Mailbox::Kind::end:
        return sweep::end_one(table, mailbox.connection, mailbox.uses, text);
    }
    return {};
}

void act(void* context) {
    const auto& received = *static_cast<const Received*>(context);
    Table& table = received.table;
    Mailbox& mailbox = table.mailbox;
    uint32_t asked = mailbox.asked.load(std::memory_order_seq_cst);
    if (mailbox.taken.exchange(asked, std::memory_order_seq_cst) == asked) {
        if (!received.is_from_tool)
            sweep::on_request(table);
        return;
    }
    if (mailbox.withdrawn.load(std::memory_order_seq_cst) != asked) {
        mailbox.swept = carry_out(table, mailbox);
        mailbox.acted = asked;
    }
    mailbox.done.store(asked, std::memory_order_release);
}

void handle(int, siginfo_t* info, void*) {
    Table* table = table::existing();
    if (!table)
        return;
    KeepThread keep;
    if (table->pid != sys::getpid()) // a vfork child has our memory
        return;
    Unseen unseen;
    // The sockets that PQcancel opens in this handler are not those of a revival that the signal interrupted.
    kept_descriptor::Suspended suspended;
    // A program's stack for signals (8 kB in Rust) or a coroutine's is too small for a sweep.
    Received received{*table, info->si_code == SI_QUEUE && info->si_value.sival_int == Mailbox::signal_value};
    BorrowedStack().run(act, &received);
}

// The signals that the program waits for or reads, as the kernel's bits: signal 1 is the lowest.
constinit std::atomic<uint64_t> taken_signals;

bool is_taken(int number) {
    return taken_signals.load(std::memory_order_relaxed) >> (number - 1) & 1;
}

bool is_ours(const struct sigaction& action) {
    return action.sa_flags & SA_SIGINFO && action.sa_sigaction == handle;
}

Handler handler_of(int number) {
    struct sigaction action;
    bool is_known = number && real::sigaction(number, nullptr, &action) == 0;
    if (!is_known)
        return Handler::none;
    return is_ours(action) && !is_taken(number) ? Handler::ours : Handler::programs;
}

} // namespace

void install(Table& table) {
    int number = the_settings().signal;
    struct sigaction action;
    if (number && real::sigaction(number, nullptr, &action) == 0 && !(action.sa_flags & SA_SIGINFO) &&
        action.sa_handler == SIG_DFL && !is_taken(number)) {
        action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
        action.sa_sigaction = handle;
        memset(&action.sa_mask, 0xff, sizeof action.sa_mask);
        real::sigaction(number, &action, nullptr);
    }
    table.signal = number;
    table.handler = handler_of(number);
}

void disposition_changed(int number) {
    Table* table = table::existing();
    if (table && number == table->signal && table->pid == sys::getpid())
        table->handler = handler_of(number);
}

void program_takes(const sigset_t* set) {
    if (!set)
        return;
    KeepErrno keep;
    uint64_t signals = 0;
    memcpy(&signals, set, sizeof signals);
    taken_signals.fetch_or(signals, std::memory_order_relaxed);
    if (Table* table = table::existing())
        disposition_changed(table->signal);
}

} // namespace pqsweep::sweep_signal
