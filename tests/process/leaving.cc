// The end of the program: the summary, the exit status, the server's log.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/server.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

// Leaves one straggler in a transaction, abandoned or used again, and one connection open at exit.
int end_status(Environment environment, const std::string& end, bool use_again = false) {
    environment["PQSWEEP_TAG"] = "a";
    environment["PQSWEEP_REPORT"] = "never";
    Program client({"client"}, environment);
    client.say("open straggler");
    client.say("exec straggler begin");
    client.say("setenv PQSWEEP_TAG b");
    if (use_again)
        client.say("exec straggler select 1");
    client.say("open last");
    client.write_line(end);
    int status = client.finish();
    CHECK(client.errors() == "");
    return status;
}

} // namespace

TEST_SUITE_BEGIN("process: leaving");

TEST_CASE("PQSWEEP_EXITCODE replaces 0, by whichever way the program ends, and nothing else") {
    for (const char* end : {"exit 0", "_exit 0"}) {
        CAPTURE(std::string(end));
        CHECK(end_status({}, end) == 0);
        CHECK(end_status({{"PQSWEEP_EXITCODE", "9"}}, end) == 9);
    }
    CHECK(end_status({{"PQSWEEP_EXITCODE", "9"}}, "exit 3") == 3);
    CHECK(end_status({{"PQSWEEP_EXITCODE", "9"}}, "_exit 3") == 3);
}

TEST_CASE("PQSWEEP_FAIL_ON says what counts") {
    CHECK(end_status({{"PQSWEEP_EXITCODE", "9"}}, "exit 0", true) == 0);
    CHECK(end_status({{"PQSWEEP_EXITCODE", "9"}, {"PQSWEEP_FAIL_ON", "transaction"}}, "exit 0", true) == 9);
    CHECK(end_status({{"PQSWEEP_EXITCODE", "9"}, {"PQSWEEP_FAIL_ON", "exit"}}, "exit 0", true) == 9);
    CHECK(end_status({{"PQSWEEP_EXITCODE", "9"}, {"PQSWEEP_FAIL_ON", "abandoned,exit"}}, "exit 0", true) ==
          9);
}

TEST_CASE("a clean program passes every gate and is told nothing") {
    Program client(
        {"client"},
        {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_EXITCODE", "9"}, {"PQSWEEP_FAIL_ON", "abandoned,transaction,exit"}});
    client.say("open c");
    client.say("finish c");
    client.say("setenv PQSWEEP_TAG b");
    CHECK(client.finish() == 0);
    CHECK(client.errors() == "");
}

TEST_CASE("what is left open at the end is closed politely") {
    Server server;
    for (const char* end : {"exit 0", "_exit 0"}) {
        for (const std::string& where : {std::string(), Server::tls()}) {
            CAPTURE(std::string(end));
            CAPTURE(where);
            server.new_log();
            Program client({"client"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}});
            client.say("open idle " + where);
            client.say("open transaction " + where);
            client.say("exec transaction begin");
            client.write_line(end);
            CHECK(client.finish() == 0);
            CHECK(server.has(client.application(), 0));
            CHECK(server.new_log() == "");
        }
    }
}

TEST_CASE("the summary names tag, test, state, backend, database and fate of every straggler") {
    Program client({"client"},
                   {{"PYTEST_CURRENT_TEST", "one.py::test_a[é\t] (call)"}, {"PQSWEEP_REVIVE", "0"}});
    client.say("open first");
    std::string first = client.say("backend first");
    client.say("open second");
    client.say("exec second begin");
    client.say("open third");
    client.say("send third select pg_sleep(60)");
    client.say("open closed");
    client.say("finish closed");
    client.say("setenv PYTEST_CURRENT_TEST two.py::test_b (teardown)");
    client.say("exec first select 1");
    client.say("finish second");
    CHECK(client.finish() == 0);
    const std::string& summary = client.errors();
    CAPTURE(summary);
    CHECK(contains(summary, "]: 3 stragglers swept (1 idle, 1 in transaction, 1 running)\n"
                            "  4 connections opened under 1 tag, 1 abandoned, 0 open at exit\n"));
    CHECK(contains(summary, "one.py                      4      1    1     1   1       0         1    4\n"));
    CHECK(contains(summary, "  one.py::test_a[é?] (call)\n      idle, "));
    CHECK(contains(summary, ", backend " + first + ", database postgres: used again: got an error\n"));
    CHECK(contains(summary, "      in transaction, "));
    CHECK(contains(summary, ": late\n"));
    CHECK(contains(summary, "      running, "));
    CHECK(contains(summary, ": abandoned\n"));
}

TEST_CASE("a summary that nobody reads any more does not change how the program ends") {
    for (const char* end : {"exit 0", "_exit 0"}) {
        Program client({"client"}, {{"PQSWEEP_TAG", "a"}});
        client.say("open c");
        client.say("unsetenv PQSWEEP_TAG");
        client.close_errors();
        client.write_line(end);
        CHECK(client.finish() == 0);
    }
}

TEST_CASE("PQSWEEP_REPORT=always says so of a clean program, too, and of what is open at exit") {
    Program client({"client"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "always"}});
    client.say("open c");
    CHECK(client.finish() == 0);
    CHECK(contains(client.errors(), "0 stragglers swept"));
    CHECK(contains(client.errors(), "open at exit, by the test that opened them:\n  a\n      idle, "));
}

TEST_CASE("the summary lists 50 that are open at exit, and counts the others") {
    Program client({"client"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "always"}});
    for (int i = 0; i < 52; i++)
        REQUIRE(client.say("open c" + std::to_string(i)) == "ok");
    CHECK(client.finish() == 0);
    CAPTURE(client.errors());
    CHECK(contains(client.errors(), "52 open at exit\n"));
    CHECK(client.errors().ends_with(", database postgres\n  ... and 2 more\n"));
}

TEST_CASE("bad values are named with what is accepted, and break nothing") {
    Program client({"client"},
                   {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_GRACE", "-1"}, {"PQSWEEP_KEEP", "colour=red"}});
    CHECK(client.say("open c") == "ok");
    client.say("setenv PQSWEEP_TAG b");
    CHECK(contains(client.say("exec c select 1"), "PGRES_TUPLES_OK"));
    CHECK(client.finish() == 0);
    CHECK(contains(
        client.errors(),
        "pqsweep: PQSWEEP_GRACE=-1: expected auto or a whole number from 0 to 1000000; using auto\n"));
    CHECK(contains(client.errors(),
                   "pqsweep: PQSWEEP_KEEP=colour=red: expected up to 64 field=glob, separated by "
                   "commas, field one of tag test function file app db user host state; using none\n"));
}

TEST_SUITE_END();
