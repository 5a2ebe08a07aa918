#include "shim/lifecycle/kept_descriptor.hh"

#include "shim/base/socket.hh"
#include "shim/base/sys.hh"

#include <cerrno>

namespace pqsweep::kept_descriptor {

constinit thread_local int number = none;

namespace {

constinit thread_local const Libpq* reviving_libpq;
// libpq believes that the number is closed. Only then is it ours to close or to give to a new socket.
constinit thread_local bool is_reserved;

// Returns the result of a system call as libc does.
int as_libc(int result) {
    if (result < 0)
        errno = -result;
    return result < 0 ? -1 : result;
}

// The resolver opens sockets inside PQreset, too.
bool is_for_kept(int type, const void* caller) {
    return is_reserved && (type & SOCK_STREAM) && real::may_be_from(*reviving_libpq, caller, "socket");
}

} // namespace

Keep::Keep(const Libpq& libpq, int fd, const Registrations& registrations)
    : registrations_(registrations), inert_(is_inert_socket(fd) ? duplicate(fd) : -1) {
    registrations.remove();
    reviving_libpq = &libpq;
    number = fd;
    is_reserved = false;
}

Keep::~Keep() {
    Table* table = table::existing(); // null in a child that was forked meanwhile
    if (table && !is_reserved && table->held_numbers.is_held(number))
        registrations_.make_again();
    else if (table && is_reserved && table->held_numbers.let_go(number))
        sys::close(number);
    number = none;
    if (inert_ >= 0)
        cut_copy(inert_, {});
}

bool must_stay_open(const void* caller) {
    if (!real::may_be_from(*reviving_libpq, caller, "close"))
        return false;
    is_reserved = true;
    return true;
}

int move_socket(int fd, int type, const void* caller) {
    if (fd < 0 || !is_for_kept(type, caller))
        return fd;
    HeldNumbers::Grip grip(table::existing()->held_numbers, number);
    if (!grip) {
        is_reserved = false;
        number = none;
        return fd;
    }
    int moved = sys::dup3(fd, number, type & SOCK_CLOEXEC ? O_CLOEXEC : 0);
    is_reserved = moved < 0;
    sys::close(fd);
    return as_libc(moved);
}

int open_socket(int domain, int type, int protocol, const void* caller) {
    if (!is_for_kept(type, caller))
        return -1;
    is_reserved = false;
    if (table::existing()->held_numbers.let_go(number))
        sys::close(number);
    int fd = sys::socket(domain, type, protocol);
    if (fd < 0 || fd == number)
        return as_libc(fd);
    // If another thread has got the number, it is not ours to take.
    int moved = sys::fcntl(fd, type & SOCK_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, number);
    sys::close(fd);
    if (moved == number)
        return moved;
    if (moved >= 0)
        sys::close(moved);
    number = none;
    return as_libc(-EMFILE);
}

} // namespace pqsweep::kept_descriptor
