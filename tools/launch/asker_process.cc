#include "tools/launch/asker_process.hh"

#include "tools/launch/installed.hh"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

constexpr int peer = 0; // the program's descriptor for request and reply

[[noreturn]] void become_asker(const std::string& program, const std::string& libraries, int conversation,
                               int complaints) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(complaints, STDERR_FILENO);
    dup2(complaints, STDOUT_FILENO);
    dup2(conversation, peer);
    setenv("LD_PRELOAD", libraries.c_str(), 1);
    execl(program.c_str(), program.c_str(), nullptr);
    fmt::print(stderr, "{}: {}\n", program, strerror(errno));
    _exit(127);
}

// Appends what is there. Returns false at the end.
bool take(int fd, std::string& text) {
    char buffer[16 * 1024];
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n > 0)
        text.append(buffer, static_cast<size_t>(n));
    return n > 0 || (n < 0 && errno == EINTR);
}

// Returns whether both ended before the deadline.
bool take_both(int conversation, int complaints, AskerOutcome& outcome,
               std::chrono::steady_clock::time_point deadline) {
    pollfd watched[] = {{conversation, POLLIN, 0}, {complaints, POLLIN, 0}};
    while (watched[0].fd >= 0 || watched[1].fd >= 0) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0)
            return false;
        if (poll(watched, std::size(watched), static_cast<int>(left.count())) <= 0)
            continue;
        if (watched[0].revents && !take(conversation, outcome.reply))
            watched[0].fd = -1;
        if (watched[1].revents && !take(complaints, outcome.complaint))
            watched[1].fd = -1;
    }
    return true;
}

// Two ends of a stream, closed with this object.
class Stream {
public:
    Stream() { is_open_ = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) == 0; }
    ~Stream() {
        if (is_open_)
            close(ends_[0]);
        close_theirs();
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    bool is_open() const { return is_open_; }
    int ours() const { return ends_[0]; }
    int theirs() const { return ends_[1]; }
    void close_theirs() {
        if (ends_[1] >= 0)
            close(ends_[1]);
        ends_[1] = -1;
    }

private:
    int ends_[2] = {-1, -1};
    bool is_open_ = false;
};

void send_all(int conversation, std::string_view request) {
    for (ssize_t sent = 0; !request.empty(); request.remove_prefix(static_cast<size_t>(sent)))
        if ((sent = send(conversation, request.data(), request.size(), MSG_NOSIGNAL)) <= 0)
            break;
    shutdown(conversation, SHUT_WR);
}

} // namespace

AskerOutcome run_asker(const std::string& libraries, std::string_view request,
                       std::chrono::steady_clock::time_point deadline) {
    AskerOutcome outcome;
    auto program = find_installed("pqsweep-asker", "lib/pqsweep");
    if (!program) {
        outcome.complaint = "pqsweep-asker is missing; install pqsweep anew";
        return outcome;
    }
    Stream conversation, complaints;
    pid_t child = conversation.is_open() && complaints.is_open() ? fork() : -1;
    outcome.is_tried = child >= 0;
    if (child < 0)
        return outcome;
    if (child == 0)
        become_asker(*program, libraries, conversation.theirs(), complaints.theirs());
    conversation.close_theirs();
    complaints.close_theirs();
    send_all(conversation.ours(), request); // it reads all of that before it replies
    bool is_in_time = take_both(conversation.ours(), complaints.ours(), outcome, deadline);
    if (!is_in_time)
        kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    outcome.has_library = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!is_in_time)
        outcome.complaint += "it did not end in time";
    else if (WIFSIGNALED(status))
        outcome.complaint += fmt::format("ended by signal {}", WTERMSIG(status));
    return outcome;
}

} // namespace pqsweep::tools
