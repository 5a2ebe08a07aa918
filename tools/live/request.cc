#include "tools/live/request.hh"

#include "tools/live/proc.hh"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fmt/core.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto longest_sweep = std::chrono::seconds(5);

constexpr off_t place_of(size_t member) {
    return static_cast<off_t>(offsetof(TableHead, mailbox) + member);
}
#define PLACE(member) place_of(offsetof(Mailbox, member))

uint32_t read_number(int fd, off_t place) {
    uint32_t number = 0;
    (void)!pread(fd, &number, sizeof number, place);
    return number;
}

void write_number(int fd, off_t place, uint32_t number) {
    (void)!pwrite(fd, &number, sizeof number, place);
}

template<class Condition>
bool wait_for(Condition condition, Clock::time_point deadline) {
    while (!condition()) {
        if (Clock::now() >= deadline)
            return false;
        poll(nullptr, 0, 1);
    }
    return true;
}

} // namespace

Request::Request(const Process& process, Mailbox::Kind kind, std::string_view text,
                 const SeenConnection* connection)
    : process_(process), kind_(kind), text_(text), connection_(connection) {
    pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, process.pid(), 0));
    // From here on, the pid names the process that pidfd_ stands for, or that process is dead.
    if (pidfd_ < 0 || process.is_there() != true)
        why_not_ = "it has ended";
    else if (why_not_ = process.obstacle(); why_not_.empty() && !lock())
        why_not_ = "another command keeps it busy";
    else if (why_not_.empty() && is_receptive())
        post();
}

Request::~Request() {
    if (pidfd_ >= 0)
        close(pidfd_);
    flock(process_.fd(), LOCK_UN);
}

bool Request::lock() {
    return wait_for([&] { return flock(process_.fd(), LOCK_EX | LOCK_NB) == 0; },
                    Clock::now() + std::chrono::seconds(1));
}

// A program that blocks the signal can read it by signalfd() or sigtimedwait(), and would take ours for one of its own. But libc
// blocks all signals while it makes a thread, and the shim while it works: on a loaded machine, or while it cancels, that is long.
bool Request::is_receptive() const {
    return !proc::blocks(process_.pid(), process_.board().signal);
}

void Request::post() {
    int fd = process_.fd();
    number_ = read_number(fd, PLACE(asked)) + 1;
    write_number(fd, PLACE(kind), static_cast<uint32_t>(kind_));
    if (connection_) {
        write_number(fd, PLACE(connection), connection_->number);
        write_number(fd, PLACE(uses), connection_->uses);
    }
    write_number(fd, PLACE(length), static_cast<uint32_t>(text_.size()));
    (void)!pwrite(fd, text_.data(), text_.size(), PLACE(text));
    write_number(fd, PLACE(asked), number_);
    if (!raise())
        why_not_ = errno == ESRCH ? "it has ended" : strerror(errno);
}

bool Request::raise() {
    int signal = process_.board().signal;
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = Mailbox::signal_value;
    return syscall(SYS_pidfd_send_signal, pidfd_, signal, &info, 0) == 0;
}

bool Request::is_done() {
    return read_number(process_.fd(), PLACE(done)) == number_;
}

std::string Request::why_silent() const {
    pollfd life{pidfd_, POLLIN, 0};
    if (poll(&life, 1, 0) > 0)
        return "it has ended";
    if (proc::is_stopped(process_.pid()))
        return "it is stopped";
    if (proc::blocks(process_.pid(), process_.board().signal))
        return fmt::format("it blocks {}", signal_name(process_.board().signal));
    return "it did not act in time";
}

Request::Answer Request::wait(Clock::time_point deadline) {
    int fd = process_.fd();
    if (why_not_.empty() && !is_posted()) {
        if (wait_for([&] { return is_receptive(); }, deadline))
            post();
        else
            why_not_ = why_silent();
    }
    if (why_not_.empty()) {
        if (!wait_for([&] { return is_done(); }, deadline)) {
            write_number(fd, PLACE(withdrawn), number_);
            if (read_number(fd, PLACE(taken)) == number_)
                wait_for([&] { return is_done(); }, Clock::now() + longest_sweep);
        }
        if (!is_done() || read_number(fd, PLACE(acted)) != number_)
            why_not_ = why_silent();
    }
    if (!why_not_.empty())
        return {.why_not = why_not_};
    return {.why_not = "",
            .swept = {.idle = read_number(fd, PLACE(swept.idle)),
                      .transaction = read_number(fd, PLACE(swept.transaction)),
                      .running = read_number(fd, PLACE(swept.running))}};
}

} // namespace pqsweep::tools
