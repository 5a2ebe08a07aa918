#include "tools/blockers/inquiry.hh"

#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

constexpr unsigned longest = 10; // seconds

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        ssize_t n = write(fd, text.data(), text.size());
        if (n <= 0)
            return;
        text.remove_prefix(static_cast<size_t>(n));
    }
}

} // namespace

Inquiry::Inquiry(const std::function<std::string()>& ask) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    child_ = fork();
    if (child_ == 0) {
        sigset_t all;
        sigfillset(&all);
        sigdelset(&all, SIGALRM);
        sigprocmask(SIG_SETMASK, &all, nullptr);
        signal(SIGALRM, SIG_DFL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(longest);
        write_all(ends[1], ask());
        _exit(0);
    }
    close(ends[1]);
    fd_ = ends[0];
    fcntl(fd_, F_SETFL, O_NONBLOCK);
}

Inquiry::~Inquiry() {
    if (fd_ >= 0)
        close(fd_);
    if (child_ > 0) {
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
    }
}

bool Inquiry::is_done() {
    char buffer[65536];
    for (ssize_t n = 0; fd_ >= 0;) {
        n = read(fd_, buffer, sizeof buffer);
        if (n < 0)
            return false;
        if (n == 0)
            break;
        reply_.append(buffer, static_cast<size_t>(n));
    }
    return true;
}

} // namespace pqsweep::tools
