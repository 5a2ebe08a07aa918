// Event loops make connections step by step, and consumers wait for their socket themselves.
#include "tests/support/program.hh"
#include "tests/support/server.hh"

#include <csignal>
#include <doctest/doctest.h>

using namespace pqsweep::tests;

TEST_SUITE_BEGIN("process: async");

TEST_CASE("a sweep in the midst of handshakes: each comes to an end, in libpq's poll loop") {
    Server server;
    for (const std::string& where : {std::string(), Server::tls()}) {
        CAPTURE(where);
        Program program({"poll_loop", where}, {{"PQSWEEP_REPORT", "never"}});
        CHECK(program.finish() == 0);
        CHECK(program.output() == "all came to an end, some swept, the last one works\n");
        CHECK(program.errors() == "");
        CHECK(server.is_clear_of(program.application()));
    }
}

TEST_CASE("a consumer of notifications wakes up when it is swept, and is told what it is told of a server's "
          "FATAL") {
    Server server;
    struct Told {
        std::string error;
        bool by_notice;
    };
    for (const std::string command : {"/usr/bin/python3 tests/fixtures/clients/listen_psycopg2.py",
                                      "/usr/bin/python3 tests/fixtures/clients/listen_psycopg.py",
                                      "/usr/bin/ruby tests/fixtures/clients/listen_ruby_pg.rb",
                                      "/usr/bin/ruby tests/fixtures/clients/listen_eventmachine.rb"}) {
        CAPTURE(command);
        auto end_of = [&](Program::Shim shim, auto end) {
            Program program({"/bin/sh", "-c", "exec " + command},
                            {{"PQSWEEP_REPORT", "never"}, {"PQSWEEP_GRACE", "0"}}, shim);
            CHECK(program.read_line() == "listening");
            server.ask("notify news, 'the news'");
            CHECK(program.read_line() == "heard the news");
            end(program);
            std::string error = program.read_line();
            CHECK(server.is_clear_of(program.application()));
            CHECK(program.finish() == 0);
            return Told{error, program.errors().find("terminating connection") != std::string::npos};
        };
        Told without = end_of(Program::Shim::absent, [&](Program& program) {
            server.ask("select pg_terminate_backend(pid) from pg_stat_activity where application_name = '" +
                       program.application() + "'");
        });
        Told with = end_of(Program::Shim::preloaded, [](Program& program) { program.write_line("change"); });
        CHECK(without.error != "");
        CHECK(with.error == without.error);
        CHECK(with.by_notice == without.by_notice);
    }
}

TEST_CASE("a loop that registered the socket with epoll once hears the replies after a revival") {
    Program program({"epoll_loop"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}});
    CHECK(program.finish() == 0);
    CHECK(program.output() == "all heard\n");
}

TEST_CASE("a loop that has the socket sleeps on when the connection is parked, and hears what comes after") {
    Server server;
    for (const std::string& where : {std::string(), Server::tls()}) {
        CAPTURE(where);
        Program program({"parked", "loop"},
                        {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}, {"CONNINFO", where}});
        for (const char* loop : {"level", "edge", "exclusive", "one shot"}) {
            CHECK(program.read_line() == "swept");
            CHECK(server.is_clear_of(program.application()));
            CHECK(program.say("") == std::string(loop) + ": heard");
        }
        CHECK(program.finish() == 0);
        CHECK(program.errors() == "");
    }
}

TEST_CASE("what waits in another way wakes up, or hears the reply, or its owner is told that it would not") {
    Server server;
    auto rest_of = [&](const char* how, const char* statement = "", const std::string& where = "") {
        Program program({"parked", how, statement},
                        {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}, {"CONNINFO", where}});
        if (program.read_line() == "swept") {
            CHECK(server.is_clear_of(program.application()));
            program.write_line("");
        }
        CHECK(program.finish() == 0);
        return program.output();
    };
    CHECK(rest_of("threads") == "swept\nthe other thread wakes up\n");
    CHECK(rest_of("child") ==
          "swept\nthe loop sleeps\nchild: server closed the connection unexpectedly\nheard\n");
    CHECK(rest_of("rollback") == "swept\nROLLBACK, the loop sleeps\nno end\nheard\n");
    CHECK(rest_of("asked", "do $$ begin set custom.tenant = 7; end $$") == "swept\nthe loop sleeps\nheard\n");
    CHECK(rest_of("asked", "do $$ begin create temp table t(); end $$")
              .starts_with("swept\nthe loop sleeps\nFATAL:  terminating connection: pqsweep closed it"));
    std::string told =
        "the program's event loop would not hear the reply on another socket\n"
        "pqsweep had closed the connection when its test module ended, and could not bring it back\n\n";
    CHECK(rest_of("other") == "swept\n" + told + "revived\n");
    CHECK(rest_of("lost", "", Server::tls()) == "swept\nlost\n" + told);
    CHECK(rest_of("lost") == "swept\nlost\nno connection to the server\n\n");
    for (const std::string& where : {std::string(), Server::tls()}) {
        CHECK(rest_of("transaction", "rollback", where) ==
              "swept\nthe loop sleeps, nothing to read\nROLLBACK\n");
        CHECK(rest_of("transaction", "select 7", where)
                  .starts_with("swept\nthe loop sleeps, nothing to read\nFATAL:  terminating connection: "
                               "pqsweep closed it when its test module ended\nDETAIL:  "));
    }
    if (std::string with_ring = rest_of("ring"); with_ring != "no io_uring\n")
        CHECK(with_ring == "swept\n" + told + "revived\n");
}

TEST_CASE("a file that another thread puts under the number while the connection is parked stays there") {
    Program program({"parking_race"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}});
    CHECK(program.finish() == 0);
    CHECK(program.output() == "all well\n");
}

TEST_CASE(
    "libev and Asio: a standing reader is not woken, whether the loop turns or not, and hears the replies") {
    for (const char* loop : {"ev_loop", "asio_loop"}) {
        CAPTURE(std::string(loop));
        Program program({loop}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "always"}});
        CHECK(program.finish() == 0);
        CHECK(program.output() == "woken 0 times, heard\nwoken 0 times, heard\nwoken 0 times, heard\n");
        CHECK(program.errors().find("3 revived when they were used again") != std::string::npos);
    }
}

TEST_CASE(
    "a sweep in a signal handler parks, too: a loop that waits is not woken, and hears what comes after") {
    Server server;
    Program program({"ev_loop", "signal"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}});
    for (int i = 0; i < 3; i++) {
        CHECK(program.read_line() == "waiting");
        kill(program.pid(), SIGRTMIN + 7);
        CHECK(server.is_clear_of(program.application()));
        CHECK(program.say("") == "woken 0 times, heard");
    }
    CHECK(program.finish() == 0);
}

TEST_CASE("loops that share connections among all modules do what they do without us") {
    for (const std::string command : {"/usr/bin/python3 tests/fixtures/clients/shared_asyncio.py",
                                      "/usr/bin/python3 tests/fixtures/clients/shared_gevent.py",
                                      "/usr/bin/ruby tests/fixtures/clients/shared_eventmachine.rb"}) {
        CAPTURE(command);
        if (!sanitizer_runtime().empty() && command.find("gevent") != std::string::npos)
            continue; // it switches stacks under the sanitizer's runtime
        auto run = [&](Program::Shim shim) {
            Program program({"/bin/sh", "-c", "exec " + command}, {{"PQSWEEP_REPORT", "never"}}, shim);
            CHECK(program.finish() == 0);
            CHECK(program.errors() == "");
            return program.output();
        };
        std::string expected = run(Program::Shim::absent);
        CHECK(expected.find("heard") != std::string::npos);
        CHECK(run(Program::Shim::preloaded) == expected);
    }
}

TEST_SUITE_END();
