// Defines libpqsweep.so's libc functions. Each does what libc's function does. The comments say why it is wrapped.
//
// Context: that of the libc function: any thread; signal handlers for close, sigaction, signal and _exit.
// errno: what libc's function leaves.
#include "shim/base/clock.hh"
#include "shim/base/environment.hh"
#include "shim/base/guards.hh"
#include "shim/base/sanitizers.hh"
#include "shim/hooks/process.hh"
#include "shim/hooks/signal.hh"
#include "shim/lifecycle/kept_descriptor.hh"
#include "shim/lifecycle/sweep.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/origin/capture.hh"
#include "shim/real/libc_functions.hh"
#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

#include <cerrno>
#include <cstring>
#include <sys/time.h>

namespace pqsweep {

namespace {

// The environment holds the tag. Without a table, no thread of ours reads it.
template<class Change>
int change_environment(const char* name, Change change) {
    if (!table::existing())
        return change();
    environment::Mutation mutation;
    int result = change();
    mutation.made();
    if (name && !tag::is_watched(name))
        return result;
    KeepErrno keep;
    Unseen unseen;
    tag::environment_changed(name, mutation);
    return result;
}

// The pool is about to make a connect call, so this begins as those do.
[[gnu::noinline]] void note_pool(std::string_view line) {
    if (settings::is_disabled())
        return;
    KeepErrno keep;
    Unseen unseen;
    process::begin();
    if (Table* table = process::table())
        origin::note_pool(*table, line);
}

// PQcancel would wait for ever for a server that takes connections and does not reply. Time-outs of its socket end it
// sooner [stalled_server]. On Linux, SO_SNDTIMEO bounds connect() too. A time-out of 0 means for ever.
void limit_time(int fd, int64_t deadline) {
    int64_t nanoseconds = deadline > now() ? deadline - now() : 0;
    timeval limit{.tv_sec = nanoseconds / 1'000'000'000, .tv_usec = nanoseconds % 1'000'000'000 / 1000 + 1};
    sys::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, limit);
    sys::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, limit);
}

// The program closes these numbers, or puts another file under them. A vfork's child has our memory, and descriptors of its own.
[[gnu::noinline]] void let_go_between(Table& table, unsigned first, unsigned last) {
    if (table.pid == sys::getpid())
        table.held_numbers.let_go_between(first, last);
}

bool is_held(int fd) {
    Table* table = table::existing();
    return table && table->held_numbers.is_held(fd);
}

void let_go(int fd) {
    if (is_held(fd)) [[unlikely]]
        let_go_between(*table::existing(), static_cast<unsigned>(fd), static_cast<unsigned>(fd));
}

// The number is a connection's. While a revival connects, the old socket stays open, so that no other thread gets its number.
[[gnu::noinline]] int close_connections(int fd, const void* caller) {
    if (fd == kept_descriptor::number && kept_descriptor::must_stay_open(caller))
        return 0;
    let_go(fd);
    return real::close(fd);
}

} // namespace
} // namespace pqsweep

using namespace pqsweep;

#define EXPORT extern "C" [[gnu::visibility("default")]]

EXPORT int setenv(const char* name, const char* value, int overwrite) noexcept {
    return change_environment(name, [=] { return real::setenv(name, value, overwrite); });
}

EXPORT int unsetenv(const char* name) noexcept {
    if (std::string_view line = origin::pool_line_in(name); !line.empty()) [[unlikely]] {
        note_pool(line);
        return 0;
    }
    return change_environment(name, [=] { return real::unsetenv(name); });
}

EXPORT int putenv(char* entry) noexcept {
    char name[64]; // no variable that we watch is longer
    size_t length = 0;
    for (; length < sizeof name && entry[length] && entry[length] != '='; length++)
        name[length] = entry[length];
    bool fits = length < sizeof name;
    if (fits)
        name[length] = 0;
    return change_environment(fits ? name : nullptr, [=] { return real::putenv(entry); });
}

EXPORT int clearenv() noexcept {
    return change_environment(nullptr, [] { return real::clearenv(); });
}

// A revival's new socket gets the old one's number, and PQcancel's socket gets time-outs. All others are made in a jump, since a
// return after a system call costs as much as the rest of this.
EXPORT int socket(int domain, int type, int protocol) noexcept {
    if (kept_descriptor::number < 0 && !sweep::cancel_deadline) [[likely]]
        return real::socket(domain, type, protocol);
    int fd = real::socket(domain, type, protocol);
    if (kept_descriptor::number >= 0) {
        const void* caller = __builtin_return_address(0);
        return fd < 0 && errno == EMFILE ? kept_descriptor::open_socket(domain, type, protocol, caller)
                                         : kept_descriptor::move_socket(fd, type, caller);
    }
    if (fd >= 0 && sweep::cancel_deadline)
        limit_time(fd, sweep::cancel_deadline);
    return fd;
}

// While a sweep parks a connection, or a revival connects, nobody gets its number (held_numbers.hh, kept_descriptor.hh).
EXPORT int close(int fd) {
    if (fd == kept_descriptor::number || is_held(fd)) [[unlikely]]
        return close_connections(fd, __builtin_return_address(0));
    return real::close(fd);
}

EXPORT int dup2(int from, int to) noexcept {
    if (from != to)
        let_go(to);
    return real::dup2(from, to);
}

EXPORT int dup3(int from, int to, int flags) noexcept {
    if (from != to)
        let_go(to);
    return real::dup3(from, to, flags);
}

EXPORT int close_range(unsigned first, unsigned last, int flags) noexcept {
    constexpr int only_marks = 1 << 2; // CLOSE_RANGE_CLOEXEC
    Table* table = table::existing();
    if (table && !(flags & only_marks))
        let_go_between(*table, first, last);
    auto* libcs = real::close_range.pointer();
    if (libcs)
        return libcs(first, last, flags);
    errno = ENOSYS; // as glibc before 2.34, which has no such function
    return -1;
}

// The program can take the signal that PQSWEEP_SIGNAL names. Then the board says so to the tools.
#define SETS_ACTION(name)                                                                                    \
    EXPORT int name(int number, const struct sigaction* action, struct sigaction* former) noexcept {         \
        int result = real::name(number, action, former);                                                     \
        if (action && result == 0 && table::existing())                                                      \
            sweep_signal::disposition_changed(number);                                                       \
        return result;                                                                                       \
    }
SETS_ACTION(sigaction)
SETS_ACTION(__sigaction)

#define SETS_HANDLER(name)                                                                                   \
    EXPORT sighandler_t name(int number, sighandler_t handler) noexcept {                                    \
        sighandler_t former = real::name(number, handler);                                                   \
        if (former != SIG_ERR && table::existing())                                                          \
            sweep_signal::disposition_changed(number);                                                       \
        return former;                                                                                       \
    }
SETS_HANDLER(signal)
SETS_HANDLER(bsd_signal)
SETS_HANDLER(ssignal)
SETS_HANDLER(sysv_signal)
SETS_HANDLER(__sysv_signal)
SETS_HANDLER(sigset)

// A program that waits for the signal, or reads it, would take ours for one of its own.
EXPORT int sigwait(const sigset_t* set, int* number) {
    sweep_signal::program_takes(set);
    return real::sigwait(set, number);
}
EXPORT int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
    sweep_signal::program_takes(set);
    return real::sigwaitinfo(set, info);
}
EXPORT int sigtimedwait(const sigset_t* set, siginfo_t* info, const struct timespec* timeout) {
    sweep_signal::program_takes(set);
    return real::sigtimedwait(set, info, timeout);
}
EXPORT int signalfd(int fd, const sigset_t* set, int flags) noexcept {
    sweep_signal::program_takes(set);
    return real::signalfd(fd, set, flags);
}

// Programs that leave this way run no exit handlers. pytest-xdist's workers and forked children do.
EXPORT void _exit(int status) {
    real::_exit(process::end(status));
    __builtin_unreachable();
}

EXPORT void _Exit(int status) noexcept {
    real::_Exit(process::end(status));
    __builtin_unreachable();
}

EXPORT void quick_exit(int status) noexcept {
    real::quick_exit(process::end(status));
    __builtin_unreachable();
}
