// Tests what a user sees of `pqsweep top` and `ls` on a terminal.
#include "tests/support/home.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"
#include "tests/support/terminal.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

constexpr auto up = "\033[A", down = "\033[B", page_up = "\033[5~", page_down = "\033[6~",
               home_key = "\033[H", end_key = "\033[F";

bool can_be_alone(const Home& home) {
    return outcome_of(alone_command("--version"), home.with()).status == 0;
}

std::string module_name(int number) {
    return "tests/integration/orders/test_module_" + std::to_string(number) + ".py";
}

} // namespace

TEST_SUITE_BEGIN("process: top");

TEST_CASE("top on a terminal: it scrolls, cuts names on the left, hides what is over, and helps") {
    Home home;
    if (!can_be_alone(home))
        SKIP("no file system can be mounted here");
    Program program({"client"}, home.in_tag_a({{"PQSWEEP_GRACE", "99"}}));
    CHECK(program.say("open brief") == "ok");
    CHECK(program.say("finish brief") == "ok");
    for (int number = 10; number < 40; number++) {
        program.say("setenv PQSWEEP_TAG " + module_name(number));
        CHECK(program.say("open c" + std::to_string(number)) == "ok");
    }
    Terminal top(alone_command("top --sort t"), home.with(), 14, 80);
    CHECK(top.shows("pqsweep top: 30 open, "));
    CHECK(top.selects("module_10.py"));
    for (const std::string& row : top.rows())
        if (contains(row, "module_1"))
            CHECK(row.ends_with(".py"));
    CHECK(top.shows("..."));
    struct Step {
        const char* key;
        int selected, shown;
    };
    for (const Step& step : {Step{down, 11, 11},
                             {page_down, 20, 20},
                             {end_key, 39, 31},
                             {page_up, 30, 30},
                             {home_key, 10, 10},
                             {up, 10, 10}}) {
        CAPTURE(step.selected);
        top.press(step.key);
        CHECK(top.selects("module_" + std::to_string(step.selected) + ".py"));
        CHECK(top.shows("module_" + std::to_string(step.shown) + ".py"));
    }
    top.press("a");
    CHECK(top.shows("a hides ended tags"));
    CHECK(top.shows("0     a"));
    top.press("?");
    CHECK(top.shows("PageDown"));
    top.press("q");
    CHECK(top.shows("module_10.py"));
    top.resize(20, 120);
    CHECK(top.shows(module_name(10)));
    top.press("q");
    CHECK(top.finish() == 0);
}

TEST_CASE("top sweeps the process of the selected line, after a question") {
    Server server;
    Home home;
    if (!can_be_alone(home))
        SKIP("no file system can be mounted here");
    Program first({"client"}, home.with({{"PQSWEEP_TAG", "first"}, {"PQSWEEP_REVIVE", "0"}}));
    Program second({"client"}, home.with({{"PQSWEEP_TAG", "second"}, {"PQSWEEP_REVIVE", "0"}}));
    CHECK(first.say("open c") == "ok");
    CHECK(second.say("open c") == "ok");
    Terminal top(alone_command("top --sort t"), home.with(), 24, 80);
    CHECK(top.selects("first"));
    top.press(down);
    CHECK(top.selects("second"));
    std::string question = "Sweep process " + pid_of(second) + ":";
    top.press("x");
    CHECK(top.shows(question));
    top.press("n");
    CHECK(eventually([&] { return !contains(top.rows().back(), question); }));
    CHECK(server.has(second.application(), 1));
    top.press("x");
    CHECK(top.shows(question));
    top.press("y");
    CHECK(top.shows(pid_of(second) + ": 1 swept (1 idle, 0 in transaction, 0 running)"));
    CHECK(server.is_clear_of(second.application()));
    CHECK(server.has(first.application(), 1));
    top.press("q");
    CHECK(top.finish() == 0);
}

TEST_CASE("top says that nothing runs, and sees what starts") {
    Home home;
    if (!can_be_alone(home))
        SKIP("no file system can be mounted here");
    Terminal top(alone_command("top --interval 0.1"), home.with(), 24, 80);
    CHECK(top.shows("no process of yours has connected under the shim"));
    Program program({"client"}, home.in_tag_a());
    CHECK(program.say("open c") == "ok");
    CHECK(top.shows("*  a"));
    top.press("q");
    CHECK(top.finish() == 0);
}

TEST_CASE("ls fits the terminal, and shows the line that opened a connection") {
    Home home;
    Folder folder("a-folder-with-quite-a-long-name");
    write_text(folder.path / "connects.py", "import psycopg2, sys\n"
                                            "c = psycopg2.connect('')\n"
                                            "print('connected', flush=True)\n"
                                            "sys.stdin.readline()\n");
    Program program(
        {"/usr/bin/python3", folder.path / "connects.py"},
        home.with({{"PYTEST_CURRENT_TEST", "tests/integration/test_orders.py::test_buys (call)"}}));
    CHECK(program.read_line() == "connected");
    for (int columns : {80, 160}) {
        CAPTURE(columns);
        Terminal ls({build_directory() + "/pqsweep", "ls", pid_of(program)}, home.with(), 24, columns);
        CHECK(ls.finish() == 0);
        std::string heading = ls.rows()[0], row = ls.rows()[1];
        CHECK(contains(heading, "opened at"));
        CHECK(contains(row, "py:2 <module>"));
        CHECK(contains(heading, "user") == (columns == 160));
        CHECK(ls.rows()[2] == "");
    }
}

TEST_SUITE_END();
