#include "shim/base/stderr.hh"

#include "shim/base/at_start.hh"
#include "shim/base/clock.hh"
#include "shim/base/guards.hh"
#include "shim/base/lock.hh"

#include <atomic>
#include <climits>
#include <cstring>
#include <unistd.h>

namespace pqsweep {

namespace {

struct File {
    dev_t device;
    ino_t inode;
};
TOUCHED_AT_START constinit File at_start{}; // all zero: descriptor 2 was closed
constinit std::atomic<bool> is_given_up;

constinit Lock keeping;
constinit std::atomic<bool> are_warnings_wanted; // once true, `kept` does not change
constinit char kept[2048];
constinit size_t kept_size;

constinit std::atomic<void (*)(std::string_view)> taker;

enum class Reader : uint8_t { nobody, capture, everybody };

// A capture's reader shows what failed tests have written.
Reader reader() {
    struct stat status;
    if (is_given_up.load(std::memory_order_relaxed) || !at_start.inode ||
        sys::fstat(STDERR_FILENO, status) < 0)
        return Reader::nobody;
    if (S_ISREG(status.st_mode) && status.st_nlink == 0)
        return Reader::capture;
    bool is_the_same = status.st_dev == at_start.device && status.st_ino == at_start.inode;
    return is_the_same ? Reader::everybody : Reader::nobody;
}

void print_warning(std::string_view text) {
    auto* take = taker.load(std::memory_order_relaxed);
    if (take && !text.empty() && reader() != Reader::everybody)
        take(text);
    write_to_stderr(text);
}

} // namespace

void note_stderr() {
    struct stat status;
    if (sys::fstat(STDERR_FILENO, status) == 0)
        at_start = {status.st_dev, status.st_ino};
}

// A pipe that poll() calls writable has room for PIPE_BUF bytes.
void write_to_stderr(std::string_view text) {
    if (text.empty() || reader() == Reader::nobody)
        return;
    NoSigpipe guard;
    while (!text.empty()) {
        if (!sys::is_ready_within(STDERR_FILENO, POLLOUT, second)) {
            is_given_up.store(true, std::memory_order_relaxed);
            return;
        }
        ssize_t n = sys::write(STDERR_FILENO, text.substr(0, PIPE_BUF));
        if (n <= 0 && n != -EINTR && n != -EAGAIN)
            return;
        text.remove_prefix(n > 0 ? static_cast<size_t>(n) : 0);
    }
}

void warn(std::string_view line) {
    {
        Lock::Guard guard(keeping);
        if (!are_warnings_wanted.load(std::memory_order_relaxed)) {
            line = line.substr(0, sizeof kept - kept_size);
            memcpy(kept + kept_size, line.data(), line.size());
            kept_size += line.size();
            return;
        }
    }
    print_warning(line);
}

void want_warnings() {
    if (are_warnings_wanted.load(std::memory_order_relaxed))
        return;
    {
        Lock::Guard guard(keeping);
        if (are_warnings_wanted.exchange(true, std::memory_order_relaxed))
            return;
    }
    print_warning({kept, kept_size});
}

void divert_warnings(void (*take)(std::string_view text)) {
    taker.store(take, std::memory_order_relaxed);
}

} // namespace pqsweep
