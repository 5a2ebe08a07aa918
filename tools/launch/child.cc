#include "tools/launch/child.hh"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGTSTP, SIGCHLD})
        sigaddset(&set, signal);
    return set;
}

bool is_from_a_process(const signalfd_siginfo& info) {
    return info.ssi_code <= 0;
}

void wait(int signals, const Companion* companion) {
    std::vector<pollfd> watched{{signals, POLLIN, 0}};
    if (companion)
        companion->add_to(watched);
    poll(watched.data(), watched.size(), companion ? static_cast<int>(companion->interval.count()) : -1);
}

} // namespace

int execute(std::string_view subcommand, const std::vector<std::string>& command) {
    std::vector<char*> argv;
    for (const std::string& word : command)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    int error = errno;
    fmt::print(stderr, "pqsweep {}: {}: {}\n", subcommand, command[0], strerror(error));
    return error == ENOENT ? 127 : 126;
}

Child::Child(std::string_view subcommand, const std::vector<std::string>& command,
             const Companion* companion) {
    sigset_t watched = watched_signals(), before;
    sigprocmask(SIG_BLOCK, &watched, &before);
    int signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    // The kernel reports no child's end to a process that ignores SIGCHLD.
    auto former_chld = signal(SIGCHLD, SIG_DFL);
    pid_t child = signals < 0 ? -1 : fork();
    if (child < 0) {
        obstacle_ = fmt::format("can't start {}: {}", command[0], strerror(errno));
        return;
    }
    if (child == 0) {
        signal(SIGCHLD, former_chld);
        sigprocmask(SIG_SETMASK, &before, nullptr);
        _exit(execute(subcommand, command));
    }
    signal(SIGPIPE, SIG_IGN);
    while (!has_ended(signals, child)) {
        wait(signals, companion);
        if (companion)
            companion->act(child);
    }
    close(signals);
}

// Takes the signals that have come, and passes on those of other processes.
bool Child::has_ended(int signals, pid_t child) {
    signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) {
        auto number = static_cast<int>(info.ssi_signo);
        if (number != SIGCHLD && is_from_a_process(info))
            kill(child, number);
        if (number != SIGCHLD)
            continue;
        pid_t ended = waitpid(child, &wait_status_, WNOHANG | WUNTRACED);
        if (ended == child && WIFSTOPPED(wait_status_)) {
            raise(SIGSTOP);
            kill(child, SIGCONT); // who continues us means the command
        } else if (ended != 0) {
            return true;
        }
    }
    return false;
}

int Child::shell_status() const {
    return WIFSIGNALED(wait_status_) ? 128 + WTERMSIG(wait_status_) : WEXITSTATUS(wait_status_);
}

int Child::exit_status() const {
    if (!WIFSIGNALED(wait_status_))
        return shell_status();
    int number = WTERMSIG(wait_status_);
    rlimit none{};
    setrlimit(RLIMIT_CORE, &none); // the command has left its core already
    signal(number, SIG_DFL);
    sigset_t all;
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    raise(number);
    return shell_status();
}

} // namespace pqsweep::tools
