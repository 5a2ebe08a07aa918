#include "tools/launch/child.hh"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/core.h>
#include <sys/resource.h>
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

bool is_from_a_process(const siginfo_t& info) {
    return info.si_code <= 0;
}

} // namespace

int execute(const std::vector<std::string>& command) {
    std::vector<char*> argv;
    for (const std::string& word : command)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    int error = errno;
    fmt::print(stderr, "pqsweep run: {}: {}\n", command[0], strerror(error));
    return error == ENOENT ? 127 : 126;
}

Child::Child(const std::vector<std::string>& command) {
    sigset_t watched = watched_signals(), before;
    sigprocmask(SIG_BLOCK, &watched, &before);
    // Whoever ignores it is told of no child's end.
    auto former_chld = signal(SIGCHLD, SIG_DFL);
    pid_t child = fork();
    if (child < 0) {
        fmt::print(stderr, "pqsweep run: {}\n", strerror(errno));
        wait_status_ = W_EXITCODE(126, 0);
        return;
    }
    if (child == 0) {
        signal(SIGCHLD, former_chld);
        sigprocmask(SIG_SETMASK, &before, nullptr);
        _exit(execute(command));
    }
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(&watched, &info);
        if (signal > 0 && signal != SIGCHLD && is_from_a_process(info))
            kill(child, signal);
        if (signal != SIGCHLD)
            continue;
        pid_t ended = waitpid(child, &wait_status_, WNOHANG | WUNTRACED);
        if (ended == child && WIFSTOPPED(wait_status_)) {
            raise(SIGSTOP);
            kill(child, SIGCONT); // whoever continues us means it
        } else if (ended != 0) {
            return;
        }
    }
}

int Child::exit_status() const {
    if (!WIFSIGNALED(wait_status_))
        return WEXITSTATUS(wait_status_);
    int number = WTERMSIG(wait_status_);
    rlimit none{};
    setrlimit(RLIMIT_CORE, &none); // the core is its, not ours
    signal(number, SIG_DFL);
    sigset_t all;
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    raise(number);
    return 128 + number;
}

} // namespace pqsweep::tools
