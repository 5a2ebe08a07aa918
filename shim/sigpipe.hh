// Writing where nobody may be reading any more, without the signal that would end the host program.
// Async-signal-safe.
#pragma once

#include <cerrno>
#include <csignal>
#include <ctime>
#include <string_view>
#include <unistd.h>

namespace pqsweep {

// While it exists, SIGPIPE is blocked in this thread; one that came meanwhile is taken away at the end.
class NoSigpipe {
public:
    NoSigpipe() {
        sigset_t pending;
        sigemptyset(&pending);
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &mask_);
    }
    ~NoSigpipe() {
        constexpr timespec at_once{};
        if (!was_pending_)
            while (sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) {
            }
        pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;

private:
    sigset_t sigpipe_;
    sigset_t mask_;
    bool was_pending_;
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
