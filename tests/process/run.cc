// Tests `pqsweep run` as the parent of a command: the summary over all processes, the gate, signals, the files it leaves.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <csignal>
#include <doctest/doctest.h>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> run(std::vector<std::string> options, const std::vector<std::string>& command) {
    options.insert(options.begin(), {build_directory() + "/pqsweep", "run"});
    options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return options;
}

std::vector<std::string> client() {
    return {build_directory() + "/programs/client"};
}

// Runs a client that leaves a straggler in a transaction and ends with that status.
struct Left {
    explicit Left(const std::vector<std::string>& options, const std::string& end = "exit 0",
                  const Environment& environment = {})
        : program(run(options, client()), environment, Program::Shim::absent) {
        program.say("setenv PQSWEEP_TAG a");
        program.say("open straggler");
        program.say("exec straggler begin");
        program.say("setenv PQSWEEP_TAG b");
        program.write_line(end);
        status = program.finish();
    }
    Program program;
    int status;
};

bool is_stopped(pid_t pid) {
    std::string stat = text_of("/proc/" + std::to_string(pid) + "/stat");
    return contains(stat, ") T ");
}

} // namespace

TEST_SUITE_BEGIN("process: run");

TEST_CASE("one summary over two xdist workers, one of which is killed by its test") {
    Folder folder("xdist");
    Program pytest(run({"--scope", "test", "--journal", folder.path / "%p"},
                       {"/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "--dist",
                        "loadfile", "--max-worker-restart", "0", "tests/fixtures/suites/killed"}),
                   {{"PYTHONDONTWRITEBYTECODE", "1"}}, Program::Shim::absent);
    CHECK(pytest.finish() == 1);
    const std::string& summary = pytest.errors();
    CAPTURE(pytest.output());
    CAPTURE(summary);
    CHECK(contains(pytest.output(), "crashed while running"));
    CHECK(contains(summary, " by 2 processes, "));
    CHECK(contains(summary, "  tests/fixtures/suites/killed/test_leaves.py::test_leave[0] (call)\n"));
    CHECK(contains(summary, "  1 process ended without a word: killed, or still there\n"));
    CHECK(!contains(summary, "pqsweep["));
    // The journals, a file for each process, give the same summary.
    std::vector<std::string> report = {build_directory() + "/pqsweep", "report"};
    for (const auto& entry : fs::directory_iterator(folder.path))
        report.push_back(entry.path());
    CHECK(report.size() == 4);
    Program again(report, {}, Program::Shim::absent);
    CHECK(again.finish() == 0);
    CHECK(contains(again.output(), summary.substr(0, summary.find("\n  tag "))));
    CHECK(contains(again.output(), "tests/fixtures/suites/killed/test_dies.py::test_die (call)\n"));
}

TEST_CASE("a straggler is named with its state and fate; a process that never connects is told nothing") {
    Left left({"--no-revive"});
    CHECK(left.status == 0);
    const std::string& summary = left.program.errors();
    CAPTURE(summary);
    CHECK(
        summary.starts_with("pqsweep: 1 straggler swept (0 idle, 1 in transaction, 0 running)\n"
                            "  1 connection opened under 1 tag by 1 process, 1 abandoned, 0 open at exit\n"));
    CHECK(contains(summary, "  a\n      in transaction, "));
    CHECK(contains(summary, ", database postgres: abandoned\n"));
    Program silent(run({"--report", "always", "--fail-on", "exit"}, {"/bin/true"}), {},
                   Program::Shim::absent);
    CHECK(silent.finish() == 0);
    CHECK(silent.errors() == "");
}

TEST_CASE("what a child process does with its parent's connections is in the summary, too") {
    Program program(run({}, {build_directory() + "/programs/inherits", "exec"}), {{"PQSWEEP_TAG", "a"}},
                    Program::Shim::absent);
    program.finish();
    CAPTURE(program.errors());
    CHECK(
        contains(program.errors(), "  connections inherited across a fork, by the test that opened them:\n"));
    CHECK(contains(program.errors(), " in a child process, backend "));
}

TEST_CASE("an owner that is refused without our message is no abandoner") {
    // With TLS the owner gets libpq's own error.
    Program program(run({"--no-revive"}, client()), {}, Program::Shim::absent);
    program.say("setenv PQSWEEP_TAG a");
    program.say("open c " + Server::tls());
    program.say("setenv PQSWEEP_TAG b");
    program.say("exec c select 1");
    program.finish();
    CAPTURE(program.errors());
    CHECK(contains(program.errors(), ": used again: got an error\n"));
    CHECK(contains(program.errors(), ", 0 abandoned, "));
}

TEST_CASE("the gate judges the run once, over all processes, and only where the command has succeeded") {
    CHECK(Left({"--exit-code", "9"}).status == 9);
    CHECK(Left({}, "exit 0", {{"PQSWEEP_EXITCODE", "9"}}).status == 9);
    CHECK(Left({"--exit-code", "9"}, "exit 3").status == 3);
    CHECK(Left({"--fail-on", "transaction"}).status == 1);
    CHECK(Left({"--exit-code", "9", "--fail-on", "exit"}).status == 0);
    CHECK(Left({"--max-open", "1", "--fail-on", "exit"}).status == 0);
    Left gated({"--max-open", "0", "--report", "never", "--fail-on", "exit"});
    CHECK(gated.status == 1);
    CHECK(contains(gated.program.errors(), "pqsweep: exit status 1: a: 1 open at once (--max-open 0)\n"));
    CHECK(!contains(gated.program.errors(), "swept"));

    // Each process leaves one straggler, and each succeeds.
    std::string two = "echo 'setenv PQSWEEP_TAG a\nopen c\nsetenv PQSWEEP_TAG b' | " + client()[0];
    Program both(run({"--exit-code", "9"}, {"/bin/sh", "-c", two + " && " + two + " && echo all well"}), {},
                 Program::Shim::absent);
    CHECK(both.finish() == 9);
    CHECK(contains(both.output(), "all well\n"));
    CHECK(contains(both.errors(), "pqsweep: exit status 9: 2 abandoned\n"));
}

TEST_CASE("the gate: files are read before anything runs") {
    Folder folder("gate");
    write_text(folder.path / "known", "tag:a\n");
    CHECK(Left({"--exit-code", "9", "--suppressions", folder.path / "known"}).status == 0);
    for (const char* option : {"--suppressions", "--baseline"}) {
        Program program(run({option, folder.path / "none"}, {"/bin/echo", "ran"}), {}, Program::Shim::absent);
        CHECK(program.finish() == 2);
        CHECK(program.output() == "");
        CHECK(contains(program.errors(), "none: No such file or directory"));
    }
    std::string journal = folder.path / "journal", baseline = folder.path / "baseline.json";
    CHECK(Left({"--journal", journal}).status == 0);
    Program writer({build_directory() + "/pqsweep", "report", journal, "--write-baseline", baseline}, {},
                   Program::Shim::absent);
    CHECK(writer.finish() == 0);
    Left again({"--journal", journal, "--baseline", baseline});
    CHECK(again.status == 0);
    CHECK(contains(again.program.errors(), "pqsweep: 1 in the baseline, which do not fail the run\n"));
}

TEST_CASE("signals that are sent to it are passed on, and nothing is left behind") {
    Folder folder("signals");
    for (int signal : {SIGTERM, SIGHUP, SIGINT}) {
        CAPTURE(signal);
        Program program(run({}, {"/bin/sh", "-c",
                                 "trap 'exit 7' TERM HUP INT; echo ready; while :; do sleep 0.01; done"}),
                        {{"TMPDIR", folder.path}}, Program::Shim::absent);
        REQUIRE(program.read_line() == "ready");
        kill(program.pid(), signal);
        CHECK(program.finish() == 7);
    }
    Program killed(run({}, {"/bin/sh", "-c", "kill -SEGV $$"}), {{"TMPDIR", folder.path}},
                   Program::Shim::absent);
    CHECK(killed.finish() == 128 + SIGSEGV);
    CHECK(fs::is_empty(folder.path));
}

TEST_CASE("it stops when its command does, and goes on with it") {
    Program program(run({}, {"/bin/sh", "-c", "echo ready; kill -STOP $$; echo on; exit 5"}), {},
                    Program::Shim::absent);
    REQUIRE(program.read_line() == "ready");
    CHECK(eventually([&] { return is_stopped(program.pid()); }));
    kill(program.pid(), SIGCONT);
    CHECK(program.read_line() == "on");
    CHECK(program.finish() == 5);
}

TEST_CASE("where no journal can be had, each process sums up for itself") {
    Left left({"--exit-code", "9"}, "exit 0", {{"TMPDIR", "/nonexistent"}});
    CHECK(left.status == 9);
    CHECK(contains(left.program.errors(), "pqsweep run: no folder for its journal in "));
    CHECK(contains(left.program.errors(), "]: 1 straggler swept"));
    Left device({"--journal", "/dev/null"});
    CHECK(contains(device.program.errors(), "/dev/null is no regular file, and can't be read again"));
    Program gated(run({"--max-open", "3", "--journal", "/dev/null"}, {"/bin/echo", "ran"}), {},
                  Program::Shim::absent);
    CHECK(gated.finish() == 2);
    CHECK(gated.output() == "");
}

TEST_CASE("in a journal that has other runs in it, only its own counts") {
    Folder folder("journal");
    std::string journal = folder.path / "journal [1]";
    Left first({"--journal", journal});
    Left second({"--journal", journal});
    CHECK(contains(second.program.errors(), "  1 connection opened under 1 tag by 1 process, "));
}

TEST_SUITE_END();
