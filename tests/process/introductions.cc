// Tests how `pqsweep run` gets to know what programs connect with: a socket if it is wanted, and no core.
#include "tests/support/home.hh"
#include "tests/support/skip.hh"

#include <csignal>
#include <sys/wait.h>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

TEST_SUITE_BEGIN("process: waiting");

TEST_CASE("--notice 0 makes no socket") {
    Home home;
    Program program({build_directory() + "/pqsweep", "run", "--notice", "0", "--", "/usr/bin/env"},
                    home.with(), Program::Shim::absent);
    CHECK(program.finish() == 0);
    CHECK(!contains(program.output(), "PQSWEEP_RUN_SOCKET"));
}

// Returns whether the kernel wrote a core of a process that a signal ended.
bool leaves_core(pid_t pid) {
    siginfo_t info{};
    kill(pid, SIGSEGV);
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0 && info.si_code == CLD_DUMPED;
}

TEST_CASE("`run` leaves no core") {
    Folder folder("core");
    auto started = [&](const std::string& command) {
        return std::vector<std::string>{
            "/bin/sh", "-c", "cd " + folder.path.string() + " && ulimit -c unlimited && exec " + command};
    };
    const std::string client = fs::absolute(build_directory() + "/programs/client");
    Home home;
    Program alone(started(client), home.with(), Program::Shim::absent);
    alone.say("setenv PQSWEEP_TAG core");
    if (!leaves_core(alone.pid()))
        SKIP("this machine writes no cores");
    Program run(started(fs::absolute(build_directory() + "/pqsweep").string() + " run -- " + client),
                home.with(), Program::Shim::absent);
    run.say("setenv PQSWEEP_TAG core");
    CHECK(!leaves_core(run.pid()));
}

TEST_SUITE_END();
