// Runs real drivers and PostgreSQL's own programs, unchanged.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

const Environment unrevived{{"PQSWEEP_REVIVE", "0"}};

} // namespace

TEST_SUITE_BEGIN("process: drivers");

TEST_CASE("Perl, which writes environ itself: noticed at the next libpq call") {
    Server server;
    Program perl({"/usr/bin/perl", "tests/fixtures/clients/dbd_pg.pl"}, unrevived);
    CHECK(perl.read_line() == "two are open");
    CHECK(server.has(perl.application(), 2));
    CHECK(perl.say("change") == "a new one works: 1");
    CHECK(server.has(perl.application(), 1));
    std::string error = perl.say("use");
    CHECK(error.find("57P01 FATAL:  terminating connection") == 0);
    CHECK(perl.say("unset") == "untagged: 2");
    CHECK(server.has(perl.application(), 1));
    CHECK(perl.finish() == 0);
}

TEST_CASE("psycopg2, brought in by a plugin and out of RTLD_NEXT's sight") {
    Server server;
    Program python({"/usr/bin/python3", "tests/fixtures/clients/psycopg2_client.py"}, unrevived);
    CHECK(python.read_line() == "three are open");
    CHECK(server.has(python.application(), 3));
    CHECK(python.say("change") == "changed");
    CHECK(server.is_clear_of(python.application()));
    CHECK(python.say("idle") == "AdminShutdown 57P01 terminating connection True");
    CHECK(python.say("transaction") == "AdminShutdown 57P01 terminating connection True");
    CHECK(python.say("tls") == "AdminShutdown 57P01 terminating connection True");
    CHECK(python.finish() == 0);
}

TEST_CASE("ruby-pg, which waits for its socket itself") {
    Server server;
    Program ruby({"/usr/bin/ruby", "tests/fixtures/clients/ruby_pg.rb"}, unrevived);
    CHECK(ruby.read_line() == "three are open");
    CHECK(server.has(ruby.application(), 3));
    REQUIRE(server.has(ruby.application(), 1, "wait_event = 'PgSleep'"));
    CHECK(ruby.say("change") == "changed");
    CHECK(server.is_clear_of(ruby.application()));
    for (const char* name : {"idle", "transaction", "running"})
        CHECK(ruby.say(name) == "PG::AdminShutdown FATAL:  terminating connection");
    CHECK(ruby.finish() == 0);
}

TEST_CASE("drivers whose connections are shared by all modules do what they do without us") {
    for (const char* command :
         {"/usr/bin/python3 tests/fixtures/clients/shared_sqlalchemy.py",
          "/usr/bin/python3 tests/fixtures/clients/shared_psycopg2.py",
          "/usr/bin/perl tests/fixtures/clients/shared_dbd_pg.pl",
          "/usr/bin/ruby tests/fixtures/clients/shared_ruby_pg.rb", "$BUILD/programs/shared_pqxx"}) {
        CAPTURE(std::string(command));
        auto run = [&](Program::Shim shim, const char* where) {
            Environment environment{{"BUILD", build_directory()}, {"PQSWEEP_REPORT", "never"}};
            if (*where)
                environment.insert({{"PGHOST", where}, {"PGSSLMODE", "require"}});
            Program program({"/bin/sh", "-c", command}, environment, shim);
            CHECK(program.finish() == 0);
            CHECK(program.errors() == "");
            return program.output();
        };
        std::string expected = run(Program::Shim::absent, "");
        CHECK(expected != "");
        CHECK(run(Program::Shim::preloaded, "") == expected);
        CHECK(run(Program::Shim::preloaded, "127.0.0.1") == expected);
    }
}

TEST_CASE("with no tag set, PostgreSQL's own programs do exactly what they do without us") {
    if (!sanitizer_runtime().empty())
        SKIP("under a sanitizer's runtime psql never ends, with us or without");
    Server().ask(
        "drop table if exists drivers_dump; create table drivers_dump as select generate_series(1, 9) i");
    for (const char* command :
         {"/usr/bin/psql -c 'select * from drivers_dump' -c 'select 1/0' -c '\\copy drivers_dump to stdout'",
          "/usr/bin/pg_dump -t drivers_dump | grep -v restrict",
          "createdb copy; pg_dump -Fc -t drivers_dump | pg_restore -vd copy; dropdb -e copy; dropdb copy",
          "pgbench -i -I dtGp 2>/dev/null && pgbench -S -c 3 -t 20 | grep -v -e latency -e tps -e time",
          "/usr/bin/psql 'host=127.0.0.1 sslmode=require' -Atc 'select 1'",
          "/usr/bin/psql host=/nonexistent"}) {
        CAPTURE(std::string(command));
        auto run = [&](Program::Shim shim) {
            Program program({"/bin/sh", "-c", command}, {}, shim);
            int status = program.finish();
            return std::to_string(status) + "\n" + program.output() + program.errors();
        };
        CHECK(run(Program::Shim::preloaded) == run(Program::Shim::absent));
    }
}

TEST_CASE("PyPI's wheels, each with a libpq of its own, in one pytest suite") {
    const std::string python = "build/clients/wheels/bin/python";
    const std::vector<std::string> suite{
        python, "-m", "pytest", "-p", "no:cacheprovider", "tests/fixtures/suites/wheels"};
    Program probe({"/usr/bin/env", python, "-c", "import psycopg2, psycopg, pytest"}, {},
                  Program::Shim::absent);
    if (probe.finish() != 0)
        SKIP("PyPI's wheels are not installed: " + probe.errors());
    if (!sanitizer_runtime().empty())
        SKIP("the wheels' libraries are not built for a sanitizer's runtime");
    std::string output;
    auto run = [&](std::vector<std::string> command) {
        command.insert(command.begin(), build_directory() + "/pqsweep");
        command.insert(command.end(), suite.begin(), suite.end());
        Program pytest(command, {{"PYTHONDONTWRITEBYTECODE", "1"}, {"PSYCOPG_IMPL", "binary"}},
                       Program::Shim::absent);
        int status = pytest.finish();
        output = pytest.output() + pytest.errors();
        return status;
    };
    CHECK(run({"run", "--verbose", "--fail-on", "transaction", "--exit-code", "3", "--"}) == 3);
    CAPTURE(output);
    CHECK(contains(output, "7 passed"));
    CHECK(contains(output, ", 2 in transaction, 0 running)"));
    CHECK(contains(output, "2 revived when they were used again"));
    for (const std::string driver : {"psycopg2-binary", "psycopg[binary]"})
        CHECK(contains(output, "test_one.py::test_leaks[" + driver + "] (call)"));
    CHECK(contains(output, "test_one.py:9 test_leaks"));

    CHECK(run({"doctor", "--"}) == 0);
    CHECK(contains(output, "psycopg2_binary.libs/libpq-"));
    CHECK(contains(output, "psycopg_binary.libs/libpq-"));
    CHECK(contains(output, "pqsweep doctor: yes: its connections are intercepted\n"));
}

// A server older than 18 talks libpq down to protocol 3.0.
TEST_CASE("protocol 3.2 of libpq 18: swept while running, revived, cancelled") {
    const std::string python = "build/clients/wheels/bin/python";
    Program probe({"/usr/bin/env", python, "-c", "import psycopg"}, {}, Program::Shim::absent);
    if (probe.finish() != 0 || !sanitizer_runtime().empty())
        SKIP("psycopg[binary] is not installed, or not built for a sanitizer's runtime");
    Server server;
    for (bool has_tls : {false, true}) {
        Environment environment{
            {"PSYCOPG_IMPL", "binary"}, {"PGMAXPROTOCOLVERSION", "latest"}, {"PQSWEEP_TAG", "a"}};
        if (has_tls)
            environment.insert({"PGHOST", "127.0.0.1"});
        Program program({"/usr/bin/env", python, "tests/fixtures/clients/protocol_psycopg.py"}, environment);
        CHECK(program.read_line() == "open");
        CHECK(server.has(program.application(), 1, "wait_event = 'PgSleep'"));
        CHECK(program.say("b") == "swept: AdminShutdown");
        CHECK(program.read_line() == "revived: 42");
        for (int i = 0; i < 4; i++)
            CHECK(program.read_line() == "cancelled: QueryCanceled");
        CHECK(program.finish() == 0);
        CHECK(server.is_clear_of(program.application()));
    }
}

TEST_SUITE_END();
