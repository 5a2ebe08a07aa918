// Writing where nobody may be reading any more, without the signal that would end the host program.
// Async-signal-safe.
#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>
#include <string_view>
#include <unistd.h>

namespace pqsweep {

// While it exists, what a failing write raises is blocked in this thread: SIGPIPE, and SIGXFSZ where files may not grow
// further (ulimit -f). One that came meanwhile is taken away at the end.
class NoSigpipe {
public:
    NoSigpipe() {
        sigset_t pending, both;
        sigemptyset(&pending);
        sigpending(&pending);
        sigemptyset(&both);
        sigemptyset(&ours_);
        for (int signal : {SIGPIPE, SIGXFSZ}) {
            sigaddset(&both, signal);
            if (sigismember(&pending, signal) != 1)
                sigaddset(&ours_, signal);
        }
        pthread_sigmask(SIG_BLOCK, &both, &mask_);
    }
    ~NoSigpipe() {
        constexpr timespec at_once{};
        while (sigtimedwait(&ours_, nullptr, &at_once) >= 0 || errno == EINTR) {
        }
        pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;

private:
    sigset_t ours_; // not pending before
    sigset_t mask_;
};

inline void write_to_stderr(std::string_view text) {
    NoSigpipe guard;
    while (!text.empty()) {
        ssize_t n = write(STDERR_FILENO, text.data(), text.size());
        if (n <= 0 && errno != EINTR)
            return;
        text.remove_prefix(n > 0 ? static_cast<size_t>(n) : 0);
    }
}

} // namespace pqsweep
