// Children of a process have tags and connections of their own. The summary reports what they do with their
// parent's connections.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

long count(const std::string& text, const std::string& part) {
    long n = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size())
        n++;
    return n;
}

const std::string inherited = "]: connections inherited across a fork: ";

// Returns what `inherits` writes on its standard error when its child does that.
std::string report_of(std::vector<std::string> actions,
                      const Environment& environment = {{"PQSWEEP_TAG", "parent"}},
                      const std::string& output = "") {
    actions.insert(actions.begin(), "inherits");
    Program program(actions, environment);
    CHECK(program.finish() == 0);
    CHECK(program.output() == output);
    return program.errors();
}

} // namespace

TEST_SUITE_BEGIN("process: forking");

TEST_CASE(
    "however another program is started, it is swept by itself, and the starter's connections live on") {
    for (const std::string way : {"fork", "vfork", "posix_spawn", "system", "thread", "daemon", "exec"}) {
        CAPTURE(way);
        Server server;
        Program program({"spawns", way, build_directory() + "/programs/client"},
                        {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REVIVE", "0"}, {"PQSWEEP_REPORT", "always"}});
        int others = way == "exec" ? 0 : 2;
        CHECK(program.say("open c") == "ok");
        CHECK(server.has(program.application(), others + 1));
        program.say("setenv PQSWEEP_TAG b");
        CHECK(server.has(program.application(), others));
        CHECK(contains(program.say("exec c select 1"), "57P01"));
        CHECK(program.finish() == 0);
        CHECK(program.output().ends_with("its connections work\n") == (way != "exec"));
        CHECK(contains(program.errors(), inherited + "2 used here, 0 finished here") == (way == "daemon"));
    }
}

TEST_CASE("a thread that forks while others connect, and change the environment") {
    Program program({"threads_fork"}, {{"PQSWEEP_REPORT", "never"}, {"PQSWEEP_REVIVE", "0"}});
    CHECK(program.finish() == 0);
    CHECK(program.output() == "all well\n");
}

TEST_CASE("a child that uses or finishes its parent's connections is reported") {
    struct Child {
        std::vector<std::string> actions;
        const char* counts;
        int listed;
    };
    const Child children[] = {{{"exec"}, "1 used here, 0 finished here", 1},
                              {{"exec", "_exit"}, "1 used here, 0 finished here", 1},
                              {{"send"}, "1 used here, 0 finished here", 1},
                              {{"consume"}, "1 used here, 0 finished here", 1},
                              {{"finish"}, "0 used here, 1 finished here", 1},
                              {{"exec", "finish"}, "1 used here, 1 finished here", 1},
                              {{"exec", "reset"}, "1 used here, 1 finished here", 2},
                              {{"all", "finish", "reset"}, "12 used here, 2 finished here", 11},
                              {{"raw", "exec", "finish"}, "1 used here, 1 finished here", 1},
                              {{"exec", "fork"}, "1 used here, 0 finished here", 1},
                              {{"fork and exec"}, "1 used here, 0 finished here", 1}};
    for (const Child& child : children) {
        CAPTURE(child.actions);
        std::string report = report_of(child.actions);
        CAPTURE(report);
        CHECK(contains(report, inherited + child.counts + "; they are their parent's\n"));
        CHECK(contains(report, ", database postgres, opened by parent\n"));
        CHECK(count(report, "\n") == 1 + child.listed);
    }
    CHECK(contains(report_of({"all"}), "\n  ... and 2 more\n"));
}

TEST_CASE("a child's connections are its parent's as they were at the fork") {
    Program program({"finished_since"}, {{"PQSWEEP_TAG", "parent"}});
    CHECK(program.finish() == 0);
    CHECK(contains(program.errors(), inherited + "1 used here, 0 finished here"));
    CHECK(contains(program.errors(), ", opened by parent\n"));
}

TEST_CASE("a child that is forked inside a call returns from it, and changes nothing of its parent's") {
    Program program({"forks_in_call"}, {{"PQSWEEP_TAG", "parent"}});
    CHECK(program.finish() == 0);
    CHECK(program.output() == "the child's call returned\n");
    CHECK(contains(program.errors(), "1 straggler swept (0 idle, 0 in transaction, 1 running)"));
}

TEST_CASE("and told nothing where it leaves them alone, or where nobody asked") {
    for (const std::vector<std::string>& actions : std::initializer_list<std::vector<std::string>>{
             {"look"}, {"tag", "end tag"}, {"fork"}, {"exec", "true"}}) {
        CAPTURE(actions);
        CHECK(report_of(actions) == "");
    }
    CHECK(report_of({"exec"}, {}) == "");
    CHECK(report_of({"exec"}, {{"PQSWEEP_TAG", "parent"}, {"PQSWEEP_REPORT", "never"}}) == "");
    CHECK(contains(report_of({"exec"}, {{"PQSWEEP_REPORT", "always"}}), "used, backend "));
    CHECK(contains(report_of({"exec"}, {{"PYTEST_CURRENT_TEST", "a.py::test_b (call)"}}),
                   ", opened by a.py::test_b (call)\n"));
}

TEST_CASE("a session that a child makes by resetting one is the child's own, and swept") {
    for (const char* reset : {"reset", "resetstart"}) {
        CAPTURE(std::string(reset));
        Environment environment{{"PQSWEEP_TAG", "parent"}, {"PQSWEEP_REVIVE", "0"}};
        std::string report = report_of({"tag", reset, "own", "end tag", "own"}, environment,
                                       "the session is its own\nno session\n");
        CHECK(contains(report, inherited + "0 used here, 1 finished here"));
        CHECK(contains(report, "1 straggler swept"));
        CHECK(contains(report, "1 connection opened under 1 tag"));
    }
}

TEST_CASE("drivers of many languages: a child has its own connections and tags, and its parent's are its "
          "parent's") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer's runtime refuses PHP");
    struct Driver {
        std::vector<std::string> command;
        const char* counts;
    };
    const Driver drivers[] = {
        {{"/usr/bin/python3", "tests/fixtures/clients/forking.py"}, "1 used here, 0 finished here"},
        {{"/usr/bin/ruby", "tests/fixtures/clients/forking.rb"}, "1 used here, 0 finished here"},
        {{"/usr/bin/perl", "tests/fixtures/clients/forking.pl"}, "1 used here, 0 finished here"},
        {{"/usr/bin/php", "tests/fixtures/clients/forking.php"}, "0 used here, 1 finished here"},
    };
    for (const Driver& driver : drivers) {
        CAPTURE(driver.command[1]);
        Program program(driver.command, {{"PQSWEEP_REVIVE", "0"}});
        CHECK(program.read_line() == "child: its own");
        CHECK(program.read_line().ends_with("terminating connection"));
        CHECK(program.read_line() == "child: its parent's");
        CHECK(program.read_line() == "parent: its own");
        CHECK(program.finish() == 0);
        CHECK(contains(program.errors(), inherited + driver.counts));
    }
}

TEST_CASE("pytest-xdist's workers have a tag each, and pytest --forked's children leave the session alone") {
    const std::string swept = "4 stragglers swept (2 idle, 2 in transaction, 0 running)\n";
    struct Run {
        std::vector<std::string> options;
        long summaries;
        const char* passed;
    };
    const Run runs[] = {{{}, 1, "5 passed"},
                        {{"--dist=each", "--tx=2*popen"}, 2, "10 passed"},
                        {{"--forked"}, 0, "5 passed"}};
    Server server;
    for (const Run& run : runs) {
        CAPTURE(run.options);
        std::vector<std::string> command{"/usr/bin/python3", "-m",
                                         "pytest",           "-p",
                                         "no:cacheprovider", "tests/fixtures/clients/forking_pytest"};
        command.insert(command.end(), run.options.begin(), run.options.end());
        Program pytest(command, {{"PYTHONDONTWRITEBYTECODE", "1"}});
        CHECK(pytest.finish() == 0);
        CHECK(contains(pytest.output(), run.passed));
        CHECK(contains(pytest.output(), "the session lives"));
        CHECK(count(pytest.errors(), swept) == run.summaries);
        CHECK(server.is_clear_of(pytest.application()));
    }
}

TEST_CASE("pytest shows a child's report with the test that forked it") {
    Program pytest({"/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-rP",
                    "tests/fixtures/clients/forking_pytest/test_child.py"},
                   {{"PYTHONDONTWRITEBYTECODE", "1"}});
    CHECK(pytest.finish() == 0);
    CHECK(contains(pytest.output(), "- Captured stderr call -"));
    CHECK(contains(pytest.output(), inherited + "1 used here, 0 finished here"));
}

TEST_SUITE_END();
