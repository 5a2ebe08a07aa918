#include "shim/hooks/signal.hh"

#include "shim/base/guards.hh"
#include "shim/base/sanitizers.hh"
#include "shim/base/settings.hh"
#include "shim/lifecycle/revive.hh"
#include "shim/lifecycle/sweep.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/real/libc_functions.hh"

#include <csignal>
#include <ctime>
#include <sys/syscall.h>
#include <unistd.h>

namespace pqsweep::sweep_signal {

namespace {

// A sweep needs more than a program's stack for signals (8 kB in Rust) or a coroutine's can have.
constinit std::atomic<bool> is_stack_in_use;
alignas(16) constinit char stack[256 << 10];

[[gnu::noinline]] void call_on_stack(void (*work)()) {
    char* top = stack + sizeof stack;
#if defined(__x86_64__)
    asm volatile("movq %%rsp, %%rbx\n\tmovq %0, %%rsp\n\tcallq *%1\n\tmovq %%rbx, %%rsp"
                 : "+r"(top), "+r"(work)
                 :
                 : "rbx", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0",
                   "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                   "xmm12", "xmm13", "xmm14", "xmm15");
#elif defined(__aarch64__)
    asm volatile("mov x19, sp\n\tmov sp, %0\n\tblr %1\n\tmov sp, x19"
                 : "+r"(top), "+r"(work)
                 :
                 : "x19", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
                   "x13", "x14", "x15", "x16", "x17", "x30", "memory", "cc", "v0", "v1", "v2", "v3", "v4",
                   "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25",
                   "v26", "v27", "v28", "v29", "v30", "v31");
#else
    (void)top;
    work();
#endif
}

// What act() works with. Only the thread that uses the stack touches it.
struct Received {
    Table* table;
    bool is_from_tool;
};
constinit Received received{};

Swept carry_out(Table& table, const Mailbox& mailbox) {
    uint32_t length = mailbox.length; // another process wrote it
    std::string_view name(mailbox.name, length < sizeof mailbox.name ? length : sizeof mailbox.name);
    switch (mailbox.kind) {
    case Mailbox::Kind::sweep:
        return sweep::on_request(table);
    case Mailbox::Kind::tag:
        return tag::set_from_outside(table, name);
    case Mailbox::Kind::fixture:
        tag::set_fixture_from_outside(table, name);
        break;
    case Mailbox::Kind::fixture_end:
        return tag::end_fixture_from_outside(table, name);
    }
    return {};
}

void act() {
    Table& table = *received.table;
    Mailbox& mailbox = table.mailbox;
    uint32_t asked = mailbox.asked.load(std::memory_order_seq_cst);
    if (asked == mailbox.taken.load(std::memory_order_relaxed)) {
        if (!received.is_from_tool)
            sweep::on_request(table);
        return;
    }
    mailbox.taken.store(asked, std::memory_order_seq_cst);
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
    if (table->pid != getpid()) // a vfork child has our memory
        return;
    Unseen unseen;
    // The sockets that PQcancel opens in this handler are not those of a revival that the signal interrupted.
    revive::Suspended suspended;
    // A sweep in another thread can last seconds: too long to spin.
    while (is_stack_in_use.exchange(true, std::memory_order_acquire)) {
        timespec time{.tv_sec = 0, .tv_nsec = 1'000'000};
        syscall(SYS_nanosleep, &time, nullptr);
    }
    received = {table, info->si_code == SI_QUEUE && info->si_value.sival_int == Mailbox::signal_value};
    call_on_stack(act);
    is_stack_in_use.store(false, std::memory_order_release);
}

bool is_ours(const struct sigaction& action) {
    return action.sa_flags & SA_SIGINFO && action.sa_sigaction == handle;
}

Handler handler_of(int number) {
    struct sigaction action;
    bool is_known = number && real::sigaction(number, nullptr, &action) == 0;
    return !is_known ? Handler::none : is_ours(action) ? Handler::ours : Handler::programs;
}

} // namespace

void install(Table& table) {
    is_stack_in_use.store(false, std::memory_order_relaxed); // the child of a fork has no other thread
    int number = the_settings().signal;
    struct sigaction action;
    if (number && real::sigaction(number, nullptr, &action) == 0 && !(action.sa_flags & SA_SIGINFO) &&
        action.sa_handler == SIG_DFL) {
        action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
        action.sa_sigaction = handle;
        sigfillset(&action.sa_mask);
        real::sigaction(number, &action, nullptr);
    }
    table.signal = number;
    table.handler = handler_of(number);
}

void disposition_changed(int number) {
    Table* table = table::existing();
    if (table && number == table->signal && table->pid == getpid())
        table->handler = handler_of(number);
}

} // namespace pqsweep::sweep_signal
