// libpqsweep.so's libc functions. Each does what libc's does, and here is why it is wrapped at all.
#include "shim/base/clock.hh"
#include "shim/base/environment.hh"
#include "shim/base/keep_errno.hh"
#include "shim/base/sanitizers.hh"
#include "shim/hooks/process.hh"
#include "shim/hooks/signal.hh"
#include "shim/lifecycle/revive.hh"
#include "shim/lifecycle/sweep.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/real/libc_functions.hh"
#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

#include <cerrno>
#include <cstring>
#include <sys/auxv.h>
#include <sys/time.h>

namespace pqsweep {

namespace {

// The environment holds the tag. Without a table there is nothing to be told, nor any reader to keep out.
template<class Change>
int change_environment(const char* name, Change change) {
    if (!table::existing())
        return change();
    int result = 0;
    {
        environment::Mutation mutation;
        result = change();
    }
    KeepErrno keep;
    Unseen unseen;
    tag::environment_changed(name);
    return result;
}

// PQcancel waits for its server as long as that takes; the socket's own time-outs end it sooner. On Linux
// SO_SNDTIMEO bounds connect() as well. One of 0 would mean for ever.
void limit_time(int fd, int64_t deadline) {
    KeepErrno keep;
    int64_t nanoseconds = deadline > now() ? deadline - now() : 0;
    timeval limit{.tv_sec = nanoseconds / 1'000'000'000, .tv_usec = nanoseconds % 1'000'000'000 / 1000 + 1};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

} // namespace
} // namespace pqsweep

using namespace pqsweep;

#define EXPORT extern "C" [[gnu::visibility("default")]]

EXPORT int setenv(const char* name, const char* value, int overwrite) noexcept {
    return change_environment(name, [=] { return real::setenv(name, value, overwrite); });
}

EXPORT int unsetenv(const char* name) noexcept {
    return change_environment(name, [=] { return real::unsetenv(name); });
}

EXPORT int putenv(char* entry) noexcept {
    char name[64]; // none that we watch and tell apart is longer; null means: any
    auto length = static_cast<size_t>(strchrnul(entry, '=') - entry);
    bool fits = length < sizeof name;
    if (fits) {
        memcpy(name, entry, length);
        name[length] = 0;
    }
    return change_environment(fits ? name : nullptr, [=] { return real::putenv(entry); });
}

EXPORT int clearenv() noexcept {
    return change_environment(nullptr, [] { return real::clearenv(); });
}

// libpq looks at the environment when it connects. Where that is a revival, its owner only used a connection, and need
// not expect another thread's setenv() to pull the array away under glibc's getenv(). Before our constructor has run,
// the caller may be an allocator that starts up, and looking a function up would call it.
EXPORT char* getenv(const char* name) noexcept {
    if (revive::kept_descriptor >= 0) [[unlikely]]
        return environment::find_guarded(name);
    return real::are_resolved() ? real::getenv(name) : environment::find(name);
}

EXPORT char* secure_getenv(const char* name) noexcept {
    if (revive::kept_descriptor >= 0) [[unlikely]]
        return environment::find_guarded(name);
    return real::are_resolved()   ? real::secure_getenv(name)
           : getauxval(AT_SECURE) ? nullptr
                                  : environment::find(name);
}

EXPORT int socket(int domain, int type, int protocol) noexcept {
    int fd = real::socket(domain, type, protocol);
    if (revive::kept_descriptor >= 0) [[unlikely]] {
        const void* caller = __builtin_return_address(0);
        return fd < 0 && errno == EMFILE ? revive::open_at_kept(domain, type, protocol, caller)
                                         : revive::move_to_kept(fd, type, caller);
    }
    if (fd >= 0 && sweep::cancel_deadline) [[unlikely]]
        limit_time(fd, sweep::cancel_deadline);
    return fd;
}

EXPORT int close(int fd) {
    if (fd >= 0 && fd == revive::kept_descriptor && revive::must_stay_open(__builtin_return_address(0)))
        [[unlikely]]
        return 0;
    return real::close(fd);
}

// The program may take the signal that PQSWEEP_SIGNAL names, and then the tools must know.
EXPORT int sigaction(int number, const struct sigaction* action, struct sigaction* former) noexcept {
    int result = real::sigaction(number, action, former);
    if (action && result == 0 && table::existing())
        sweep_signal::disposition_changed(number);
    return result;
}

EXPORT sighandler_t signal(int number, sighandler_t handler) noexcept {
    sighandler_t former = real::signal(number, handler);
    if (former != SIG_ERR && table::existing())
        sweep_signal::disposition_changed(number);
    return former;
}

// Programs that leave this way run no exit handlers: pytest-xdist's workers, forked children.
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
