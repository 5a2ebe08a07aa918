// PQSWEEP_APPNAME decides what pg_stat_activity shows of a connection.
#include "tests/support/program.hh"
#include "tests/support/server.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

const char* const tag = "tests/orders.cc";
const std::vector<std::string> ways = {"PQconnectdb", "PQconnectStart", "PQconnectdbParams",
                                       "PQconnectStartParams", "PQsetdbLogin"};

Environment named(const std::string& by) {
    return {{"PQSWEEP_APPNAME", "1"}, {"PQSWEEP_TAG", by}, {"PQSWEEP_REPORT", "never"}};
}

// A client without a PGAPPNAME.
class Client {
public:
    explicit Client(const Environment& environment, Program::Shim shim = Program::Shim::preloaded)
        : program({"/usr/bin/env", "-u", "PGAPPNAME", build_directory() + "/programs/connects"}, environment,
                  shim) {}

    // Connects in that way and returns what the server shows: "application_name in database".
    std::string shown(const std::string& way) {
        std::string pid = program.say(way);
        CAPTURE(pid);
        return server_.ask("select application_name || ' in ' || datname from pg_stat_activity where pid = " +
                           pid);
    }

    Program program;

private:
    Server server_;
};

} // namespace

TEST_SUITE_BEGIN("process: appname");

TEST_CASE("the tag is the application_name, whichever way a program connects") {
    Client client(named(tag));
    const std::string expected = std::string(tag) + " in postgres";
    for (const std::string& way : ways) {
        CAPTURE(way);
        for (const char* conninfo : {"", "connect_timeout=9", "postgresql:///?connect_timeout=9"})
            CHECK(client.shown(way + " " + conninfo) == expected);
        CHECK(client.shown(way + " postgres:///template1") == std::string(tag) + " in template1");
    }
    for (const char* way : {"PQconnectdbParams", "PQconnectStartParams", "PQsetdbLogin", "unexpanded"})
        CHECK(client.shown(std::string(way) + " template1") == std::string(tag) + " in template1");
    // The call's arguments go before what its conninfo says.
    CHECK(client.shown("PQsetdbLogin host=/nonexistent port=1 user=nobody options='-c colour=red'") ==
          expected);
}

TEST_CASE("a name that the program gives stays, and so does PGAPPNAME") {
    Client client(named(tag));
    for (const std::string& way : ways) {
        CAPTURE(way);
        CHECK(client.shown(way + " application_name=own") == "own in postgres");
        CHECK(client.shown(way + " fallback_application_name=own") == "own in postgres");
        CHECK(client.shown(way + " postgresql:///?application_name=own") == "own in postgres");
        CHECK(client.shown(way + " application_name=''") == " in postgres");
    }
    CHECK(client.shown("application_name own") == "own in postgres");

    Environment with_pgappname = named(tag);
    with_pgappname["PGAPPNAME"] = "own";
    Program program({"connects"}, with_pgappname);
    std::string pid = program.say("PQconnectdb ");
    CHECK(Server().ask("select application_name from pg_stat_activity where pid = " + pid) == "own");

    if (!sanitizer_runtime().empty())
        return; // under a sanitizer's runtime psql does not end, with pqsweep or without
    Program psql({"/usr/bin/env", "-u", "PGAPPNAME", "psql", "-Atc", "show application_name"}, named(tag));
    CHECK(psql.finish() == 0);
    CHECK(psql.output() == "psql\n");
}

TEST_CASE("without a tag, or with PQSWEEP_APPNAME=0, nothing is named") {
    CHECK(Client(Environment{{"PQSWEEP_APPNAME", "1"}}).shown("PQconnectdb ") == " in postgres");
    CHECK(Client(Environment{{"PQSWEEP_TAG", tag}}).shown("PQconnectdb ") == " in postgres");
}

TEST_CASE("a tag that is too long is cut between two characters, before the server complains") {
    std::string long_tag = "xy";
    for (int i = 0; i < 40; i++)
        long_tag += "ä";
    Client client(named(long_tag));
    // Up to 15, PostgreSQL shows '?' for each byte that is not ASCII, and from 16 on its number.
    std::string shown = client.shown("PQconnectdb "), escaped = "xy";
    for (int i = 0; i < 30; i++)
        escaped += "\\xc3\\xa4";
    CAPTURE(shown);
    CHECK(
        (shown.starts_with("xy" + std::string(60, '?') + " in") || shown.starts_with(escaped.substr(0, 63))));
    CHECK(client.program.finish() == 0);
    CHECK(client.program.errors() == "");
}

TEST_CASE("what libpq can't make sense of gets libpq's own answer") {
    for (const std::string& way : ways) {
        for (const char* bad : {" ", "template1 ", "no_such_database", "dbname=", "colour=red",
                                "host=/nonexistent", "postgresql://[", "='"}) {
            std::string line = way + " " + bad;
            CAPTURE(line);
            auto answer = [&](Program::Shim shim) {
                Client client(named(tag), shim);
                std::string text = client.program.say(line);
                CHECK(client.program.finish() == 0);
                bool is_connected = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
                return is_connected ? "connected" : text + client.program.output();
            };
            CHECK(answer(Program::Shim::preloaded) == answer(Program::Shim::absent));
        }
    }
    CHECK(Client(named(tag)).shown("repeated postgres") == " in postgres");
}

TEST_SUITE_END();
