// Controls processes from outside: by the signal, and by the commands that use it and the board.
#include "tests/support/home.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <regex>
#include <sys/file.h>

using namespace pqsweep::tests;
using nlohmann::json;

namespace {

int signal_number() {
    return SIGRTMIN + 7;
}

// A command locks a process's board while it asks for something.
bool is_locked(const std::filesystem::path& board) {
    int fd = open(board.c_str(), O_RDONLY | O_CLOEXEC);
    bool is_locked = flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return is_locked;
}

} // namespace

TEST_SUITE_BEGIN("process: outside");

TEST_CASE("a statement, a lock wait and a computing loop are swept within a second, and it is told") {
    Server server;
    Home home;
    SUBCASE("pg_sleep") {
        Program program({"client"}, home.in_tag_a());
        CHECK(program.say("open c") == "ok");
        program.write_line("exec c select pg_sleep(600)");
        CHECK(server.has(program.application(), 1, "state = 'active'"));
        CHECK(pqsweep_command(home, {"sweep", pid_of(program)}).output ==
              swept(program, "1 swept (0 idle, 0 in transaction, 1 running)"));
        CHECK(server.is_clear_of(program.application()));
        CHECK(program.read_line().starts_with("PGRES_FATAL_ERROR"));
    }
    SUBCASE("a lock wait") {
        // A process of its own holds the lock, so the sweep does not grant it to the waiter.
        Program holder({"client"}, home.in_tag_a()), program({"client"}, home.in_tag_a());
        CHECK(holder.say("open c") == "ok");
        CHECK(holder.say("exec c begin") == "PGRES_COMMAND_OK");
        CHECK(holder.say("exec c select pg_advisory_xact_lock(4711)").starts_with("PGRES_TUPLES_OK"));
        CHECK(program.say("open c") == "ok");
        program.write_line("exec c select pg_advisory_xact_lock(4711)");
        CHECK(server.has(program.application(), 1, "wait_event_type = 'Lock'"));
        CHECK(pqsweep_command(home, {"sweep", pid_of(program)}).output ==
              swept(program, "1 swept (0 idle, 0 in transaction, 1 running)"));
        CHECK(server.is_clear_of(program.application()));
        CHECK(program.read_line().starts_with("PGRES_FATAL_ERROR"));
    }
    SUBCASE("a loop") {
        Program program({"spins"}, home.in_tag_a());
        CHECK(program.read_line() == "computing");
        CHECK(server.has(program.application(), 3));
        CHECK(pqsweep_command(home, {"tag", "b", pid_of(program)}).output ==
              swept(program, "3 swept (3 idle, 0 in transaction, 0 running)"));
        CHECK(server.is_clear_of(program.application()));
        CHECK(listed(home, "ps", program)[0]["tag"] == "b");
    }
}

TEST_CASE("a program that does not act is reported within a second, and does not act later") {
    Server server;
    Home home;
    SUBCASE("stopped") {
        Program program({"client"}, home.in_tag_a());
        CHECK(program.say("open c") == "ok");
        kill(program.pid(), SIGSTOP);
        Outcome got = pqsweep_command(home, {"sweep", pid_of(program)});
        CHECK(got.status == 1);
        CHECK(got.output == swept(program, "not done: it is stopped"));
        CHECK(listed(home, "ps", program)[0]["obstacle"] == "it is stopped");
        CHECK(listed(home, "ls", program)[0]["state"] == "idle");
        kill(program.pid(), SIGCONT);
        CHECK(program.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    }
    SUBCASE("signal blocked") {
        Program program({"takes_signal", "blocks"}, home.in_tag_a());
        CHECK(program.read_line() == "connected");
        Outcome got = pqsweep_command(home, {"tag", "b", pid_of(program), "--wait", "0.2"});
        CHECK(got.status == 1);
        CHECK(got.output == swept(program, "not done: it blocks RTMIN+7"));
        CHECK(program.say("") == "0");
        CHECK(listed(home, "ps", program)[0]["tag"] == "a");
        CHECK(server.has(program.application(), 1));
    }
    SUBCASE("signal blocked for a while, as by libc on a loaded machine") {
        Program program({"takes_signal", "blocks"}, home.in_tag_a());
        CHECK(program.read_line() == "connected");
        Program tag({build_directory() + "/pqsweep", "tag", "b", pid_of(program), "--wait", "30"},
                    home.with(), Program::Shim::absent);
        CHECK(eventually([&] { return is_locked(home.board(program)); })); // the command has begun
        CHECK(program.say("unblock") == "0");
        CHECK(tag.finish() == 0);
        CHECK(tag.output() == swept(program, "1 swept (1 idle, 0 in transaction, 0 running)"));
        CHECK(server.is_clear_of(program.application()));
    }
    SUBCASE("PQSWEEP_SIGNAL=none") {
        Program program({"client"}, home.in_tag_a({{"PQSWEEP_SIGNAL", "none"}}));
        CHECK(program.say("open c") == "ok");
        CHECK(contains(pqsweep_command(home, {"sweep", pid_of(program)}).output, "PQSWEEP_SIGNAL=none"));
    }
}

TEST_CASE("a plain signal sweeps the current tag: kill, another signal, os.kill") {
    Server server;
    Home home;
    SUBCASE("kill") {
        Program program({"client"},
                        home.in_tag_a({{"PQSWEEP_GRACE", "1"}, {"PQSWEEP_KEEP", "state=failed"}}));
        CHECK(program.say("open c") == "ok");
        CHECK(program.say("open kept") == "ok");
        program.say("exec kept begin");
        program.say("exec kept fail");
        CHECK(kill(program.pid(), signal_number()) == 0);
        CHECK(server.has(program.application(), 1));
        CHECK(contains(program.say("exec c select 1"), "pqsweep closed it when it was told to sweep"));
        CHECK(program.say("open c") == "ok");
        CHECK(program.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    }
    SUBCASE("USR2") {
        Program program({"client"}, home.in_tag_a({{"PQSWEEP_SIGNAL", "SIGUSR2"}}));
        CHECK(program.say("open c") == "ok");
        CHECK(kill(program.pid(), SIGUSR2) == 0);
        CHECK(server.is_clear_of(program.application()));
    }
    SUBCASE("os.kill") {
        Program program({"/usr/bin/python3", "-c",
                         "import os, psycopg2, signal\n"
                         "c = psycopg2.connect('')\n"
                         "os.kill(os.getpid(), signal.SIGRTMIN + 7)\n"
                         "try: c.cursor().execute('select 1')\n"
                         "except psycopg2.errors.AdminShutdown: print('swept')"},
                        home.in_tag_a());
        CHECK(program.finish() == 0);
        CHECK(program.output() == "swept\n");
    }
    SUBCASE("with hardly any stack, and the journal to write") {
        Program program({"takes_signal", "small stack"},
                        home.in_tag_a({{"PQSWEEP_JOURNAL", home.path() / "journal"}}));
        CHECK(program.read_line() == "connected");
        CHECK(kill(program.pid(), signal_number()) == 0);
        CHECK(server.is_clear_of(program.application()));
        CHECK(program.say("") == "0");
    }
}

TEST_CASE("an idle connection that was swept from outside comes back as any other") {
    Home home;
    Program program({"client"}, home.with({{"PQSWEEP_TAG", "a"}}));
    CHECK(program.say("open c") == "ok");
    CHECK(pqsweep_command(home, {"sweep", pid_of(program)}).status == 0);
    CHECK(listed(home, "ls", program)[0]["state"] == "swept");
    CHECK(program.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    CHECK(listed(home, "ls", program)[0]["state"] == "idle");
}

TEST_CASE("a program's own handler stays, and whose the signal is shows in ps") {
    Home home;
    struct Mind {
        const char* mind;
        const char* obstacle;
        const char* count;
    };
    const Mind minds[] = {{"before", "the program has taken RTMIN+7 for itself", "1"},
                          {"after", "the program has taken RTMIN+7 for itself", "1"},
                          {"after, with signal()", "the program has taken RTMIN+7 for itself", "1"},
                          {"after, with __sysv_signal()", "the program has taken RTMIN+7 for itself", "1"},
                          {"after, with sigset()", "the program has taken RTMIN+7 for itself", "1"},
                          {"after, with signalfd()", "the program has taken RTMIN+7 for itself", "1"},
                          {"after, in sigtimedwait()", "the program has taken RTMIN+7 for itself", "1"},
                          {"ignores", "the program has taken RTMIN+7 for itself", "0"},
                          {"default", "the program has taken RTMIN+7 for itself", ""}};
    for (const auto& [name, why, counted] : minds) {
        const std::string mind = name, obstacle = why, count = counted;
        CAPTURE(mind);
        Server server;
        Program program({"takes_signal", mind}, home.in_tag_a());
        CHECK(program.read_line() == "connected");
        CHECK(listed(home, "ps", program)[0]["obstacle"] == obstacle);
        CHECK(pqsweep_command(home, {"sweep", pid_of(program)}).output ==
              swept(program, "not done: " + obstacle));
        CHECK(program.say("") == "0"); // no signal reached it
        kill(program.pid(), signal_number());
        if (!count.empty())
            CHECK(eventually([&] { return program.say("") == count; }));
    }
}

TEST_CASE("a tag from outside holds until the program's own variables change") {
    Server server;
    Home home;
    Program program({"client"},
                    home.with({{"PYTEST_CURRENT_TEST", "f.py::t (setup)"}, {"PQSWEEP_REVIVE", "0"}}));
    auto tag = [&] { return listed(home, "ps", program)[0].value("tag", ""); };
    CHECK(program.say("open c") == "ok");
    CHECK(tag() == "f.py");
    CHECK(pqsweep_command(home, {"tag", "from outside", pid_of(program)}).output ==
          swept(program, "1 swept (1 idle, 0 in transaction, 0 running)"));
    CHECK(program.say("setenv ANOTHER 1") == "0");
    CHECK(program.say("open d") == "ok");
    CHECK(tag() == "from outside");
    CHECK(program.say("setenv PYTEST_CURRENT_TEST f.py::t (call)") == "0");
    CHECK(tag() == "f.py");
    CHECK(server.is_clear_of(program.application()));
    CHECK(program.say("setenv PQSWEEP_TAG own") == "0");
    CHECK(pqsweep_command(home, {"tag", "outside", pid_of(program)}).status == 0);
    CHECK(tag() == "outside");
    CHECK(program.say("unsetenv PQSWEEP_TAG") == "0");
    CHECK(tag() == "f.py");
    CHECK(pqsweep_command(home, {"tag", "", pid_of(program)}).status == 0);
    CHECK(tag() == "");
}

TEST_CASE("a fixture can be named, and ended, from outside") {
    Server server;
    Home home;
    Program program({"client"}, home.in_tag_a());
    program.say("open first");
    CHECK(pqsweep_command(home, {"tag", "--fixture", "db", pid_of(program)}).status == 0);
    program.say("open own");
    CHECK(pqsweep_command(home, {"tag", "--fixture", "", pid_of(program)}).status == 0);
    CHECK(pqsweep_command(home, {"tag", "b", pid_of(program)}).output ==
          swept(program, "1 swept (1 idle, 0 in transaction, 0 running)"));
    CHECK(program.say("exec own select 1") == "PGRES_TUPLES_OK 1");
    CHECK(pqsweep_command(home, {"tag", "--end-fixture", "db", pid_of(program)}).output ==
          swept(program, "1 swept (1 idle, 0 in transaction, 0 running)"));
    CHECK(server.is_clear_of(program.application()));
}

TEST_CASE("ps and ls: what there is, for people and as JSON") {
    Home home;
    Program program({"client"}, home.with({{"PYTEST_CURRENT_TEST", "f.py::test\033[2J (call)"}}));
    CHECK(program.say("open c") == "ok");
    CHECK(program.say("exec c begin") == "PGRES_COMMAND_OK");
    std::string backend = program.say("backend c");
    json process = listed(home, "ps", program)[0];
    CHECK(process["tag"] == "f.py");
    CHECK(process["live"] == 1);
    CHECK(process["opened"] == 1);
    CHECK(process["swept"] == 0);
    CHECK(process["signal"] == "RTMIN+7");
    CHECK(process["program"] == build_directory() + "/programs/client");
    CHECK_FALSE(process.contains("obstacle"));
    json connection = listed(home, "ls", program)[0];
    CHECK(connection["test"] == "f.py::test?[2J (call)");
    CHECK(connection["state"] == "transaction");
    CHECK(connection["backend"] == std::stoi(backend));
    CHECK(connection["database"] == "postgres");
    CHECK(connection["user"] == "postgres");
    Outcome table = pqsweep_command(home, {"ls", pid_of(program)});
    CHECK(table.status == 0);
    CHECK(contains(table.output, "f.py::test?[2J (call)  transaction"));
    CHECK(contains(table.output, backend));
}

TEST_CASE("ls: a connection that is being reset has no backend yet") {
    Home home;
    Program program({"client"}, home.in_tag_a());
    CHECK(program.say("open c") == "ok");
    program.say("resetbegin c");
    json connection = listed(home, "ls", program)[0];
    CHECK(connection["state"] == "connecting");
    CHECK_FALSE(connection.contains("backend"));
}

TEST_CASE("top: tags, what is open under them, and the memory of their backends") {
    Home home;
    Program program({"client"}, home.in_tag_a({{"PQSWEEP_GRACE", "9"}}));
    CHECK(program.say("open c") == "ok");
    CHECK(program.say("setenv PQSWEEP_TAG b") == "0");
    CHECK(program.say("open d") == "ok");
    CHECK(program.say("exec d begin") == "PGRES_COMMAND_OK");
    Outcome got = pqsweep_command(home, {"top", "--rounds", "2", "--interval", "0.1", "--sort", "t"});
    CHECK(got.status == 0);
    CAPTURE(got.output);
    auto has_line = [&](const std::string& line) {
        return std::regex_search(got.output, std::regex("\n" + pid_of(program) + " +" + line + "\n"));
    };
    CHECK(has_line("1 +1 +0 +0 +[0-9.]+ MB +1 +0     a"));
    CHECK(has_line("1 +0 +1 +0 +[0-9.]+ MB +1 +0  \\*  b"));
    CHECK(got.output.find("pqsweep top: ") != got.output.rfind("pqsweep top: "));
}

TEST_CASE("wrong use is 2, nothing found 1, and nobody else is signalled") {
    Home home;
    Program bystander({"/bin/cat"}, {}, Program::Shim::absent);
    Outcome got = pqsweep_command(home, {"sweep", pid_of(bystander)});
    CHECK(got.status == 1);
    CHECK(contains(got.errors, "not a process of yours"));
    CHECK(bystander.say("alive") == "alive");
    CHECK(pqsweep_command(home, {"ls", pid_of(bystander)}).status == 1);
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{"tag"},
                                                  {"sweep"},
                                                  {"tag", "b"},
                                                  {"sweep", "--all", "1"},
                                                  {"sweep", "x"},
                                                  {"ps", "1"},
                                                  {"sweep", "--", "1"},
                                                  {"tag", std::string(513, 'x'), "1"}})
        CHECK(pqsweep_command(home, wrong).status == 2);
    Program one({"client"}, home.with()), two({"client"}, home.with());
    CHECK(one.say("open c") == "ok");
    CHECK(two.say("open c") == "ok");
    got = pqsweep_command(home, {"sweep", pid_of(one), pid_of(two)});
    CHECK(got.status == 0);
    CHECK(contains(got.output, swept(one, "0 swept (0 idle, 0 in transaction, 0 running)")));
    CHECK(contains(got.output, swept(two, "0 swept (0 idle, 0 in transaction, 0 running)")));
}

TEST_CASE("--all reaches all of ours") {
    Home home;
    auto alone = [&](const std::string& arguments) {
        return outcome_of(alone_command(arguments), home.with());
    };
    if (alone("--version").status != 0)
        SKIP("no file system can be mounted here");
    for (const std::string words : {"ps", "ls", "blockers", "top", "sweep --all", "tag b --all"}) {
        CAPTURE(words);
        Outcome nothing = alone(words);
        CHECK(nothing.status == 1);
        CHECK(nothing.output == "");
        CHECK(nothing.errors == "pqsweep " + words.substr(0, words.find(' ')) +
                                    ": no process of yours has connected under the shim\n");
        if (words != "top")
            CHECK(json::parse(alone(words + " --json").output) == json::array());
    }
    Program one({"client"}, home.in_tag_a()), two({"client"}, home.in_tag_a());
    CHECK(one.say("open c") == "ok");
    CHECK(two.say("open c") == "ok");
    json all = json::parse(alone("tag --all b --json").output);
    CHECK(all.size() == 2);
    for (const json& answer : all) {
        CHECK(answer["done"] == true);
        CHECK(answer["idle"] == 1);
    }
    kill(two.pid(), SIGSTOP);
    Outcome got = alone("sweep --all");
    CHECK(got.status == 1);
    CHECK(contains(got.output, swept(one, "0 swept (0 idle, 0 in transaction, 0 running)")));
    CHECK(contains(got.output, swept(two, "not done: it is stopped")));
}

TEST_CASE("10,000 signals at random moments into threads that connect, query and finish") {
    Server server;
    Home home;
    for (const auto& [revive, count] : {std::pair("0", "2000"), std::pair("1", "10000")}) {
        Program program({"signals", count}, home.with({{"PQSWEEP_REVIVE", revive},
                                                       {"PGOPTIONS", "-c client_min_messages=error"}}));
        CHECK(program.finish() == 0);
        CHECK(program.output() == "all well\n");
        CHECK(program.errors() == "");
        CHECK(server.has(program.application(),
                         0)); // a busy machine lets a backend look late at a socket that is closed
    }
}

TEST_SUITE_END();
