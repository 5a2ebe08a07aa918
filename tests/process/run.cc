// Tests `pqsweep run` as the parent of a command: the summary over all processes, the gate, signals, the files it leaves.
#include "tests/support/files.hh"
#include "tests/support/outcome.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <csignal>
#include <doctest/doctest.h>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

// Runs a client that leaves a straggler in a transaction and ends with that status.
struct Left {
    explicit Left(const std::vector<std::string>& options, const std::string& end = "exit 0",
                  const Environment& environment = {})
        : program(run_command(options, client()), environment, Program::Shim::absent) {
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
    Program pytest(
        run_command({"--verbose", "--scope", "test", "--journal", folder.path / "%p"},
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
    CHECK(contains(summary, "  1 process ended without an exit record: killed, or still running\n"));
    CHECK(!contains(summary, "pqsweep["));
    // The journals, a file for each process, give the same summary.
    std::vector<std::string> report = {build_directory() + "/pqsweep", "report"};
    for (const auto& entry : fs::directory_iterator(folder.path))
        report.push_back(entry.path());
    CHECK(report.size() == 5); // one of `run` itself
    Program again(report, {}, Program::Shim::absent);
    CHECK(again.finish() == 0);
    CHECK(contains(again.output(), summary.substr(0, summary.find("\n  tag "))));
    CHECK(contains(again.output(), "tests/fixtures/suites/killed/test_dies.py::test_die (call)\n"));
}

TEST_CASE("a straggler is named with its state and fate; a run that never connects gets one line") {
    Left left({"--no-revive", "--verbose"});
    CHECK(left.status == 0);
    const std::string& summary = left.program.errors();
    CAPTURE(summary);
    CHECK(
        summary.starts_with("pqsweep: 1 straggler swept (0 idle, 1 in transaction, 0 running)\n"
                            "  1 connection opened under 1 tag by 1 process, 1 abandoned, 0 open at exit\n"));
    CHECK(contains(summary, "  a\n      in transaction, "));
    CHECK(contains(summary, ", database postgres: abandoned\n"));
    Program unseen(run_command({"--report", "always"}, {"/bin/true"}), {}, Program::Shim::absent);
    CHECK(unseen.finish() == 0);
    CHECK(unseen.errors() ==
          "pqsweep: no connection was seen ('pqsweep doctor' finds out why; --allow-unseen)\n");
}

TEST_CASE("what a child process does with its parent's connections is in the summary, too") {
    Program program(run_command({"--verbose"}, {build_directory() + "/programs/inherits", "exec"}),
                    {{"PQSWEEP_TAG", "a"}}, Program::Shim::absent);
    program.finish();
    CAPTURE(program.errors());
    CHECK(
        contains(program.errors(), "  connections inherited across a fork, by the test that opened them:\n"));
    CHECK(contains(program.errors(), " in a child process, backend "));
}

TEST_CASE("a child's use of its parent's connection is known from its first moment, also without any tag") {
    Program program(run_command({"--fail-on", "inherited", "--exit-code", "3"},
                                {"/usr/bin/python3", "tests/fixtures/clients/killed_child.py"}),
                    {}, Program::Shim::absent);
    CHECK(program.finish() == 3);
    CAPTURE(program.errors());
    CHECK(contains(
        program.errors(),
        "pqsweep: connections inherited across a fork, by the line that opened them:\n"
        "  tests/fixtures/clients/killed_child.py:9 connect: 1 connection, used by a child process\n"));
    CHECK(contains(program.errors(), "gate failed: 1 used across a fork; exit status 3"));
}

TEST_CASE("an owner that is refused without our message is no abandoner") {
    // With TLS no stream brings it.
    Program program(run_command({"--no-revive", "--verbose"}, client()), {}, Program::Shim::absent);
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
    CHECK(contains(gated.program.errors(),
                   "pqsweep: gate failed: 1 open at once under a (--max-open 0); exit status 1\n"));
    CHECK(!contains(gated.program.errors(), "swept"));

    // Each process leaves one straggler, and each succeeds.
    std::string two = "echo 'setenv PQSWEEP_TAG a\nopen c\nsetenv PQSWEEP_TAG b' | " + client()[0];
    Program both(
        run_command({"--exit-code", "9"}, {"/bin/sh", "-c", two + " && " + two + " && echo all well"}), {},
        Program::Shim::absent);
    CHECK(both.finish() == 9);
    CHECK(contains(both.output(), "all well\n"));
    CHECK(contains(both.errors(), "pqsweep: gate failed: 2 abandoned; exit status 9\n"));
}

TEST_CASE("the verdict names the status that the run ends with") {
    CHECK(contains(Left({"--exit-code", "9"}, "exit 3").program.errors(),
                   "pqsweep: gate failed: 1 abandoned; exit status stays 3\n"));
    Left by_variable({}, "exit 0", {{"PQSWEEP_FAIL_ON", "transaction"}});
    CHECK(by_variable.status == 1);
    CHECK(
        contains(by_variable.program.errors(), "pqsweep: gate failed: 1 in a transaction; exit status 1\n"));
}

TEST_CASE("a run in which no connection was seen says so, and fails if it is gated") {
    auto outcome = [](const std::vector<std::string>& options, const std::vector<std::string>& command) {
        Program program(run_command(options, command), {}, Program::Shim::absent);
        int status = program.finish();
        return std::pair(status, program.errors());
    };
    const std::vector<std::string> gate{"--fail-on", "exit"}, unseen{"--fail-on", "unseen"};
    CHECK(outcome(gate, {"/bin/true"}) ==
          std::pair(1, std::string("pqsweep: gate failed: no connection was seen ('pqsweep doctor' finds out "
                                   "why; --allow-unseen); exit status 1\n")));
    CHECK(outcome(unseen, {"/bin/sh", "-c", "exit 4"}).first == 4);
    CHECK(contains(outcome(unseen, {build_directory() + "/programs/static_program"}).second,
                   "no connection was seen (it is statically linked: "));
    CHECK(outcome({"--fail-on", "exit", "--allow-unseen"}, {"/bin/true"}) == std::pair(0, std::string()));
    CHECK(outcome({"--report", "never"}, {"/bin/true"}) == std::pair(0, std::string()));
    CHECK(outcome({}, {"/bin/true"}) ==
          std::pair(
              0, std::string(
                     "pqsweep: no connection was seen ('pqsweep doctor' finds out why; --allow-unseen)\n")));
    std::string passes = "echo 'open c\nfinish c' | " + client()[0];
    CHECK(outcome(gate, {"/bin/sh", "-c", passes}).first == 0);
}

TEST_CASE("a variable that pqsweep does not know is named with the one that was meant") {
    Program program(run_command({"--allow-unseen"}, {"/bin/true"}), {{"PQSWEEP_KEEPS", "x"}},
                    Program::Shim::absent);
    CHECK(program.finish() == 0);
    CHECK(program.errors() == "pqsweep run: PQSWEEP_KEEPS: no such variable; is PQSWEEP_KEEP meant?\n");
}

TEST_CASE("summary and gate do not depend on the user's journal") {
    Left full({"--journal", "/dev/full", "--exit-code", "9"});
    CHECK(full.status == 9);
    CHECK(contains(full.program.errors(), "1 abandoned"));
    Folder folder("journal");
    fs::create_directory(folder.path / "gone");
    Program program(run_command({"--journal", folder.path / "gone/journal", "--exit-code", "9"}, client()),
                    {}, Program::Shim::absent);
    program.say("setenv PQSWEEP_TAG a");
    fs::remove_all(folder.path / "gone");
    program.say("open straggler");
    program.say("exec straggler begin");
    program.say("setenv PQSWEEP_TAG b");
    CHECK(program.finish() == 9);
    CHECK(contains(program.errors(), "gone/journal: No such file or directory; events are lost\n"));
}

TEST_CASE("what the shim has to say inside a captured test is in the summary") {
    Folder folder("captured");
    fs::create_directory(folder.path / "gone");
    write_text(folder.path / "test_captured.py", "import shutil\nimport psycopg2\n\n\ndef test_captured():\n"
                                                 "    shutil.rmtree('" +
                                                     (folder.path / "gone").string() +
                                                     "')\n    psycopg2.connect('').close()\n");
    Outcome run =
        run_suite({"--journal", folder.path / "gone/journal"},
                  {"/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", folder.path});
    CAPTURE(run.errors);
    CHECK(run.status == 0);
    CHECK(contains(run.errors, "pqsweep: PQSWEEP_JOURNAL: " + folder.path.string() +
                                   "/gone/journal: No such file or directory; events are lost\n"));
}

TEST_CASE("a run inside a run: both sum up, and nothing is counted twice") {
    std::string leaks = "echo 'setenv PQSWEEP_TAG a\nopen c\nsetenv PQSWEEP_TAG b' | " + client()[0];
    std::string inner = build_directory() + "/pqsweep run --exit-code 5 -- /bin/sh -c \"" + leaks + "\"";
    Program outer(
        run_command({"--report", "always", "--exit-code", "9"}, {"/bin/sh", "-c", inner + "; true"}), {},
        Program::Shim::absent);
    CHECK(outer.finish() == 9);
    CAPTURE(outer.errors());
    CHECK(contains(outer.errors(), "gate failed: 1 abandoned; exit status 5\n"));
    CHECK(contains(outer.errors(), "gate failed: 1 abandoned; exit status 9\n"));
}

TEST_CASE("the gate: files are read before anything runs") {
    Folder folder("gate");
    write_text(folder.path / "known", "tag:a\n");
    CHECK(Left({"--exit-code", "9", "--suppressions", folder.path / "known"}).status == 0);
    for (const char* option : {"--suppressions", "--baseline"}) {
        Program program(run_command({option, folder.path / "none"}, {"/bin/echo", "ran"}), {},
                        Program::Shim::absent);
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
        Program program(
            run_command({}, {"/bin/sh", "-c",
                             "trap 'exit 7' TERM HUP INT; echo ready; while :; do sleep 0.01; done"}),
            {{"TMPDIR", folder.path}}, Program::Shim::absent);
        REQUIRE(program.read_line() == "ready");
        kill(program.pid(), signal);
        CHECK(program.finish() == 7);
    }
    Program killed(run_command({}, {"/bin/sh", "-c", "kill -SEGV $$"}), {{"TMPDIR", folder.path}},
                   Program::Shim::absent);
    CHECK(killed.finish() == 128 + SIGSEGV);
    CHECK(fs::is_empty(folder.path));
}

TEST_CASE("it stops when its command does, and goes on with it") {
    Program program(run_command({}, {"/bin/sh", "-c", "echo ready; kill -STOP $$; echo on; exit 5"}), {},
                    Program::Shim::absent);
    REQUIRE(program.read_line() == "ready");
    CHECK(eventually([&] { return is_stopped(program.pid()); }));
    kill(program.pid(), SIGCONT);
    CHECK(program.read_line() == "on");
    CHECK(program.finish() == 5);
}

TEST_CASE("a journal that can't be written is refused before anything runs") {
    Folder folder("journal");
    auto check = [](const std::vector<std::string>& options, const Environment& environment,
                    const std::string& message) {
        Program program(run_command(options, {"/bin/echo", "ran"}), environment, Program::Shim::absent);
        CHECK(program.finish() == 2);
        CHECK(program.output() == "");
        CAPTURE(program.errors());
        CHECK(contains(program.errors(), message));
    };
    check({"--journal", "/nonexistent/journal"}, {},
          "pqsweep run: --journal: /nonexistent/journal: No such file or directory\n");
    check({"--journal", "/nonexistent/%p"}, {}, "pqsweep run: --journal: /nonexistent: No such file");
    check({"--journal", folder.path, "--report", "never"}, {}, ": Is a directory\n");
    check({}, {{"TMPDIR", "/nonexistent"}}, "pqsweep run: no folder for its journal in ");
    CHECK(Left({"--journal", "/dev/null", "--exit-code", "9"}).status == 9);
}

TEST_CASE("in a journal that has other runs in it, only its own counts") {
    Folder folder("journal");
    std::string journal = folder.path / "journal [1]";
    Left first({"--journal", journal});
    Left second({"--journal", journal, "--verbose"});
    CHECK(contains(second.program.errors(), "  1 connection opened under 1 tag by 1 process, "));
}

// Runs the suite as a role that can have so many connections.
std::string summary_of_import(const std::string& limit, const std::vector<std::string>& options) {
    Server server;
    server.ask("drop role if exists few");
    server.ask("create role few login connection limit " + limit);
    Program pytest(run_command(options, {"/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                                         "tests/fixtures/suites/at_import"}),
                   {{"PYTHONDONTWRITEBYTECODE", "1"}}, Program::Shim::absent);
    CHECK(pytest.finish() == (limit == "2" ? 0 : 1));
    server.ask("drop role few");
    return pytest.errors();
}

TEST_CASE("connections opened at import, before any tag: named when the server has no slot left, and if "
          "asked for") {
    std::string full = summary_of_import("2", {});
    CAPTURE(full);
    CHECK(contains(full, "pqsweep: the server had no slot left for tests/fixtures/suites/at_import/"
                         "test_full.py::test_finds_no_slot"));
    CHECK(contains(full, "pqsweep: open then, opened while no tag was set, and never closed by pqsweep:\n"
                         "  tests/fixtures/suites/at_import/test_full.py:5 <module>: 2 connections\n"));
    std::string asked = summary_of_import("9", {"--report", "always"});
    CAPTURE(asked);
    CHECK(!contains(asked, "no slot left"));
    CHECK(contains(asked, "pqsweep: opened while no tag was set, and never closed by pqsweep:\n"
                          "  tests/fixtures/suites/at_import/test_full.py:5 <module>: 2 connections\n"));
    CHECK(!contains(summary_of_import("9", {}), "no tag was set"));
}

TEST_CASE("a wrapper that clears the environment: the summary says where pqsweep belongs") {
    std::vector<std::string> command{
        "/bin/sh", "-c", "env -i PGHOST=$PGHOST PGPORT=$PGPORT PGUSER=$PGUSER \"$0\"; true", client()[0]};
    std::vector<std::string> options;
    int status = 0;
    SUBCASE("a run") {}
    SUBCASE("a gate that saw nothing") {
        options = {"--fail-on", "abandoned"};
        status = 1;
    }
    SUBCASE("a gate that saw the connections of others") {
        command[2] += "; printf 'open b\nfinish b\n' | \"$0\"";
        options = {"--fail-on", "abandoned"};
        status = 1;
    }
    SUBCASE("a gate that is to pass it") {
        options = {"--fail-on", "abandoned", "--allow-unseen"};
    }
    SUBCASE("pqsweep is there already") {
        command[2] = "env -i PGHOST=$PGHOST PGPORT=$PGPORT PGUSER=$PGUSER " + build_directory() +
                     "/pqsweep run -- \"$0\"; true";
    }
    Program program(run_command(options, command), {}, Program::Shim::absent);
    program.say("open a");
    program.say("exec a select pg_sleep(2.5)");
    CHECK(program.finish() == status);
    CAPTURE(program.errors());
    bool is_stray = !contains(command[2], "pqsweep");
    CHECK(contains(program.errors(), "gate failed: ") == (status != 0));
    CHECK(contains(program.errors(),
                   "pqsweep: something cleared the environment below '/bin/sh -c env -i ") == is_stray);
    CHECK(contains(program.errors(), "; put pqsweep there: pqsweep run -- " + client()[0]) == is_stray);
}

TEST_CASE("the journal has what was run, where, and of which revision") {
    Folder folder("checkout");
    const std::string revision(40, 'a'), root = fs::canonical(folder.path);
    fs::create_directories(folder.path / ".git");
    fs::create_directories(folder.path / "api");
    write_text(folder.path / ".git/HEAD", "ref: refs/heads/next\n");
    write_text(folder.path / ".git/packed-refs", "# pack-refs\n" + revision + " refs/heads/next\n");
    std::string pqsweep = fs::absolute(build_directory()) / "pqsweep";
    Program shell({"/bin/sh", "-c",
                   "cd " + root + "/api && exec " + pqsweep + " run --journal ../journal -- true 'a b'"},
                  {}, Program::Shim::absent);
    CHECK(shell.finish() == 0);
    std::string journal = text_of(folder.path / "journal");
    for (const std::string& part :
         {std::string("\"event\":\"run\""), std::string(R"("command":"true 'a b'")"),
          "\"folder\":\"" + root + "/api\"", "\"root\":\"" + root + "\"", "\"revision\":\"" + revision + "\"",
          std::string("\"versions\":\"pqsweep ")})
        CHECK(contains(journal, part));
}

TEST_SUITE_END();
