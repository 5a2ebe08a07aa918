#include "shim/base/socket.hh"

#include "shim/base/blocked_signals.hh"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pqsweep {

namespace {

void raw_close(int fd) {
    syscall(SYS_close, fd);
}

// Never blocks, never raises SIGPIPE.
void raw_send(int fd, std::string_view bytes) {
    if (!bytes.empty())
        syscall(SYS_sendto, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
}

// Only one thread at a time is in here; the stack is too large for an alternate signal stack.
constinit std::atomic<bool> stack_in_use;
alignas(16) constinit char stack[64 << 10];

// A program that closed its standard streams must not find one of ours in their place.
constexpr int first_free = STDERR_FILENO + 1;

struct Errand {
    void (*work)(void*);
    void* context;
};

// It never returns: TSan must not count it in for the thread that it borrows.
__attribute__((no_sanitize("thread"))) int run_errand(void* data) {
    auto* errand = static_cast<Errand*>(data);
    errand->work(errand->context);
    syscall(SYS_exit, 0);
    return 0;
}

} // namespace

uint64_t socket_cookie(int fd) {
    uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0)
        return cookie;
    // TSan would take fstat() for a use of the number, which another thread may have by the time that it looks.
    struct stat status;
    if (fstatat(fd, "", &status, AT_EMPTY_PATH) != 0 || !S_ISSOCK(status.st_mode))
        return 0;
    return status.st_ino;
}

Cut cut_socket(int fd, uint64_t cookie, std::string_view farewell) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, first_free);
    if (copy < 0)
        return errno == EBADF ? Cut::done : Cut::no_descriptor;
    if (socket_cookie(copy) == cookie) {
        raw_send(copy, farewell);
        shutdown(copy, SHUT_RDWR);
    }
    raw_close(copy);
    return Cut::done;
}

bool is_open_at_peer(int fd, uint64_t cookie) {
    tcp_info info;
    socklen_t length = sizeof info;
    bool is_known = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && socket_cookie(fd) == cookie;
    return is_known && (info.tcpi_state == TCP_FIN_WAIT1 || info.tcpi_state == TCP_FIN_WAIT2);
}

void cut_private_socket(int fd, uint64_t cookie, std::string_view farewell) {
    if (socket_cookie(fd) != cookie)
        return;
    raw_send(fd, farewell);
    shutdown(fd, SHUT_RDWR);
    raw_close(fd);
}

void send_to_socket(int fd, uint64_t cookie, std::string_view bytes) {
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, first_free);
    if (copy < 0)
        return;
    if (socket_cookie(copy) == cookie)
        raw_send(copy, bytes);
    raw_close(copy);
}

bool in_private_descriptor_table(void (*work)(void*), void* context) {
    Errand errand{work, context};
    BlockedSignals blocked; // a handler that ran in the child would close and open descriptors of the copy
    while (stack_in_use.exchange(true, std::memory_order_acquire))
        sched_yield();
    pid_t child = clone(run_errand, stack + sizeof stack, CLONE_VM | CLONE_VFORK, &errand);
    if (child > 0)
        while (waitpid(child, nullptr, static_cast<int>(__WCLONE)) < 0 && errno == EINTR) {
        }
    stack_in_use.store(false, std::memory_order_release);
    return child > 0;
}

void forget_private_descriptor_tables() {
    stack_in_use.store(false, std::memory_order_relaxed);
}

} // namespace pqsweep
