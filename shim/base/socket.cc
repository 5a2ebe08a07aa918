#include "shim/base/socket.hh"

#include "shim/base/borrowed_stack.hh"
#include "shim/base/guards.hh"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pqsweep {

namespace {

// Never blocks, never raises SIGPIPE.
void send_at_once(int fd, std::string_view bytes) {
    if (!bytes.empty())
        sys::send(fd, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
}

} // namespace

// A program that closed its standard streams must not find a descriptor of ours in their place.
int duplicate(int fd) {
    return sys::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

uint64_t socket_cookie(int fd) {
    uint64_t cookie = 0;
    if (sys::getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie) == 0)
        return cookie;
    struct stat status;
    if (sys::fstat(fd, status) != 0 || !S_ISSOCK(status.st_mode))
        return 0;
    return status.st_ino;
}

int copy_of(int fd, uint64_t cookie) {
    int copy = duplicate(fd);
    if (copy < 0 || socket_cookie(copy) == cookie)
        return copy;
    sys::close(copy);
    return -EBADF;
}

Cut cut_socket(int fd, uint64_t cookie, std::string_view farewell) {
    int copy = copy_of(fd, cookie);
    if (copy < 0)
        return copy == -EBADF ? Cut::done : Cut::no_descriptor;
    cut_copy(copy, farewell);
    return Cut::done;
}

void cut_copy(int copy, std::string_view farewell) {
    send_at_once(copy, farewell);
    sys::shutdown(copy, SHUT_RDWR);
    sys::close(copy);
}

int make_inert_socket() {
    return sys::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

bool is_inert_socket(int fd) {
    int type = 0;
    return sys::getsockopt(fd, SOL_SOCKET, SO_TYPE, type) == 0 && type == SOCK_DGRAM;
}

void end_inert_socket(int fd) {
    constexpr int reads = 8; // libpq reads twice before it believes in an end
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = __builtin_bswap32(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&own);
    unsigned size = sizeof own;
    // Connected to itself, it hears nobody else.
    if (sys::bind(fd, address, size) != 0 || sys::getsockname(fd, address, size) != 0 ||
        sys::connect(fd, address, size) != 0)
        return;
    for (int i = 0; i < reads; i++)
        sys::send(fd, {}, MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool has_unread_input(int fd) {
    int bytes = 0;
    return sys::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

bool is_open_at_peer(int fd, uint64_t cookie) {
    tcp_info info{};
    bool is_known = sys::getsockopt(fd, IPPROTO_TCP, TCP_INFO, info) == 0 && socket_cookie(fd) == cookie;
    return is_known && (info.tcpi_state == TCP_FIN_WAIT1 || info.tcpi_state == TCP_FIN_WAIT2);
}

void cut_private_socket(int fd, uint64_t cookie, std::string_view farewell) {
    if (socket_cookie(fd) == cookie)
        cut_copy(fd, farewell);
}

void send_to_socket(int fd, uint64_t cookie, std::string_view bytes) {
    int copy = copy_of(fd, cookie);
    if (copy < 0)
        return;
    send_at_once(copy, bytes);
    sys::close(copy);
}

bool in_private_descriptor_table(void (*work)(void*), void* context) {
    BlockedSignals blocked; // a handler that ran in the child would close and open descriptors of the copy
    BorrowedStack stack;
    if (!stack.top())
        return false;
    pid_t child = sys::clone(CLONE_VM | CLONE_VFORK, stack.top(), work, context);
    while (child > 0 && sys::wait4(child, static_cast<int>(__WCLONE)) == -EINTR) {
    }
    return child > 0;
}

} // namespace pqsweep
