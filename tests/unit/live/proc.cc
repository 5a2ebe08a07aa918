// Reads what the kernel shows of processes.
#include "tools/live/proc.hh"

#include <csignal>
#include <doctest/doctest.h>
#include <unistd.h>

using namespace pqsweep::tools;

TEST_SUITE_BEGIN("unit: proc");

TEST_CASE("a process may end while it is looked at") {
    auto before = signal(SIGCHLD, SIG_IGN); // the kernel then keeps no zombie
    for (int i = 0; i < 500; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        while (proc::start_time(pid))
            proc::blocks(pid, SIGUSR1);
        CHECK(proc::command_line(pid).empty());
    }
    signal(SIGCHLD, before);
}

TEST_SUITE_END();
