// Handles SIGRTMIN+7 in the way that the first argument names. The program holds a connection, and for every line of its
// standard input it prints how many of these signals it got: by its own handler, or as signalfd() and sigtimedwait() read them. The
// line "unblock" unblocks the signal first.
// link: -lpq
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <libpq-fe.h>
#include <string>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <thread>
#include <unistd.h>

namespace {

volatile sig_atomic_t count;

void take(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(SIGRTMIN + 7, &action, nullptr);
}

void note(int) {
    count = count + 1;
}

using Handler = void (*)(int);
extern "C" Handler old_signal(int number, Handler handler) __asm__("__sysv_signal");
extern "C" Handler set_signal(int number, Handler handler) __asm__("sigset");
extern "C" int interrupt_calls(int number, int flag) __asm__("siginterrupt");

sigset_t block() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 7);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return set;
}

int is_pending() {
    sigset_t set;
    return sigpending(&set) == 0 && sigismember(&set, SIGRTMIN + 7);
}

// A little more than the kernel's minimum, behind a page that can't be touched.
void make_small_stack() {
    auto page = static_cast<size_t>(getpagesize());
    size_t size = (static_cast<size_t>(sysconf(_SC_MINSIGSTKSZ)) + 2048 + page - 1) / page * page;
    void* memory = mmap(nullptr, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(memory, page, PROT_NONE);
    stack_t stack{};
    stack.ss_sp = static_cast<char*>(memory) + page;
    stack.ss_size = size;
    sigaltstack(&stack, nullptr);
}

} // namespace

int main(int, char** argv) {
    std::string mind = argv[1];
    if (mind == "before")
        take(note);
    if (mind == "ignores")
        take(SIG_IGN);
    if (mind == "small stack")
        make_small_stack();
    PGconn* conn = PQconnectdb("");
    if (mind == "after")
        take(note);
    if (mind == "after, with signal()")
        signal(SIGRTMIN + 7, note);
    if (mind == "after, with __sysv_signal()")
        old_signal(SIGRTMIN + 7, note);
    if (mind == "after, with sigset()")
        set_signal(SIGRTMIN + 7, note);
    if (mind.starts_with("after, with"))
        interrupt_calls(SIGRTMIN + 7, 0); // the handler is to end no read
    if (mind == "after, with signalfd()") {
        sigset_t set = block();
        signalfd(-1, &set, 0);
    }
    if (mind == "after, in sigtimedwait()") {
        sigset_t set = block();
        timespec none{};
        sigtimedwait(&set, nullptr, &none);
        std::thread([set] {
            if (sigtimedwait(&set, nullptr, nullptr) == SIGRTMIN + 7)
                note(0);
        }).detach();
    }
    if (mind == "default")
        take(SIG_DFL);
    sigset_t blocked{};
    if (mind == "blocks")
        blocked = block();
    std::cout << (PQstatus(conn) == CONNECTION_OK ? "connected" : "failed") << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        if (line == "unblock")
            sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
        std::cout << count + is_pending() << std::endl;
    }
}
