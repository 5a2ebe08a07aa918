// The owner of a connection that was swept in a transaction rolls it back: it works, and the connection lives on.
#include "tests/support/files.hh"
#include "tests/support/shared_connection.hh"

#include <doctest/doctest.h>
#include <memory>

using namespace pqsweep::tests;

TEST_SUITE_BEGIN("process: revival");

TEST_CASE("a plain ROLLBACK after a sweep in a transaction is true, and no error; anything else is told") {
    for (const std::string& where : {std::string(), Server::tls()}) {
        for (const char* rollback : {"exec c ROLLBACK", "params1 c abort work ;"}) {
            CAPTURE(where);
            CAPTURE(std::string(rollback));
            Shared shared(where);
            shared.say("notices c");
            shared.say("exec c set lock_timeout = 4");
            shared.say("exec c set intervalstyle = 'iso_8601'");
            shared.say("exec c begin; set work_mem = '3MB'; set local datestyle = 'German'");
            shared.say("exec c set intervalstyle = 'sql_standard'");
            shared.say("encoding c LATIN1");
            shared.sweep();
            CHECK(shared.say(rollback) == "PGRES_COMMAND_OK");
            CHECK(shared.say("transaction c") == "idle");
            CHECK(shared.say(
                      "exec c select concat(current_setting('work_mem'), current_setting('lock_timeout'))") ==
                  "PGRES_TUPLES_OK 4MB4ms");
            CHECK(shared.say("parameter c IntervalStyle") == "iso_8601");
            CHECK(shared.say("parameter c DateStyle").starts_with("ISO"));
            CHECK(shared.say("parameter c client_encoding") == "UTF8");
            shared.say("finish c");
            shared.client.finish();
            CHECK(shared.client.errors() == "");
        }
    }
    for (const char* other :
         {"exec c commit", "exec c rollback to x", "exec c rollback; select 1", "exec c select 1"}) {
        CAPTURE(std::string(other));
        Shared shared;
        shared.say("exec c begin; savepoint x");
        shared.sweep();
        CHECK(contains(shared.say(other), "57P01"));
    }
    Shared lost;
    lost.say("exec c select pg_advisory_lock(1)");
    lost.say("exec c begin");
    lost.sweep();
    CHECK(contains(lost.say("exec c rollback"), "57P01"));
}

TEST_CASE("swept in a transaction: looks change nothing, a ROLLBACK is true, and whatever else comes first "
          "is told") {
    using Commands = std::vector<const char*>;
    Server().ask("create table if not exists revival_parked(i int)");
    auto last_of = [](Shared& shared, const Commands& commands) {
        std::string answer;
        for (const char* command : commands)
            answer = shared.say(command);
        return answer;
    };
    auto swept = [](const std::string& where, const char* begin) {
        auto shared = std::make_unique<Shared>(where);
        shared->say(begin);
        shared->sweep();
        for (int i = 0; i < 20; i++)
            CHECK(shared->say("consume c") == "1 ok");
        return shared;
    };
    for (const std::string& where : {std::string(), Server::tls()}) {
        for (const char* begin : {"exec c begin", "exec c begin; select 1 / 0"}) {
            CAPTURE(where);
            CAPTURE(std::string(begin));
            for (const Commands& commands : {Commands{"exec c rollback"},
                                             {"send c rollback", "consume c", "result c"},
                                             {"pipeline c", "sendparams c rollback", "sync c", "result c"}})
                CHECK(last_of(*swept(where, begin), commands) == "PGRES_COMMAND_OK");
            for (const Commands& commands :
                 {Commands{"exec c select 7"},
                  {"params1 c select 7"},
                  {"prepare c select 7"},
                  {"exec c copy revival_parked from stdin"},
                  {"exec c copy revival_parked to stdout"},
                  {"send c select 7", "single c", "result c"},
                  {"send c select 7", "consume c", "result c"},
                  {"pipeline c", "sendparams c select 7", "sync c", "flush c", "result c"},
                  {"lo c"},
                  {"encoding c LATIN1", "message c"}}) {
                CAPTURE(std::string(commands[0]));
                CHECK(contains(last_of(*swept(where, begin), commands),
                               "FATAL:  terminating connection: pqsweep closed it"));
            }
            // Without descriptors for the reason, at least there is an end.
            CHECK(last_of(*swept(where, begin), {"descriptors c 3", "exec c select 7"})
                      .starts_with("PGRES_FATAL_ERROR 57P01"));
        }
    }
}

TEST_CASE("a ROLLBACK is true behind the statement that was told, too: the end of a block hides no error") {
    for (const std::string& where : {std::string(), Server::tls()}) {
        for (const char* rollback : {"exec c rollback", "send c rollback"}) {
            CAPTURE(where);
            CAPTURE(std::string(rollback));
            Shared shared(where, {{"PQSWEEP_REPORT", "always"}});
            shared.say("exec c set work_mem = '3MB'");
            shared.say("exec c begin");
            shared.sweep();
            CHECK(contains(shared.say("exec c select 1"), "57P01"));
            std::string answer = shared.say(rollback);
            CHECK((answer == "1" ? shared.say("result c") : answer) == "PGRES_COMMAND_OK");
            shared.say("result c");
            CHECK(shared.server.is_clear_of(shared.client.application()));
            CHECK(shared.say("exec c show work_mem") == "PGRES_TUPLES_OK 3MB");
            CHECK(shared.say("finish c") == "ok");
            CHECK(shared.client.finish() == 0);
            CHECK(
                contains(shared.client.errors(), "1 straggler swept (0 idle, 1 in transaction, 0 running)"));
        }
    }
}

TEST_CASE("swept in a transaction: a destructor's DEALLOCATE is true, and does not use up the ROLLBACK") {
    for (const std::string& where : {std::string(), Server::tls()}) {
        CAPTURE(where);
        Shared shared(where, {{"PQSWEEP_REPORT", "always"}});
        shared.say("exec c set work_mem = '3MB'");
        shared.say("prepare c select 7");
        shared.say("exec c begin");
        shared.sweep();
        CHECK(shared.say("exec c deallocate prepared") == "PGRES_COMMAND_OK");
        CHECK(shared.server.is_clear_of(shared.client.application()));
        CHECK(shared.say("transaction c") == "other");
        CHECK(shared.say("consume c") == "1 ok");
        CHECK(shared.say("exec c") == "PGRES_EMPTY_QUERY");
        CHECK(shared.say("exec c rollback and no chain") == "PGRES_COMMAND_OK");
        CHECK(shared.server.is_clear_of(shared.client.application()));
        CHECK(shared.say("transaction c") == "idle");
        CHECK(shared.say("exec c show work_mem") == "PGRES_TUPLES_OK 3MB");
        CHECK(contains(shared.say("execute c prepared"), "26000"));
        CHECK(shared.say("finish c") == "ok");
        CHECK(shared.client.finish() == 0);
        CHECK(contains(shared.client.errors(), "1 straggler swept (0 idle, 1 in transaction, 0 running)"));

        for (const char* other : {"exec c commit", "exec c select 7", "execute c prepared"}) {
            CAPTURE(std::string(other));
            Shared told(where);
            told.say("prepare c select 7");
            told.say("exec c begin");
            told.say("exec c select 1");
            told.sweep();
            CHECK(told.say("exec c deallocate prepared") == "PGRES_COMMAND_OK");
            CHECK(contains(told.say(other), "57P01"));
        }
        Shared failed(where);
        failed.say("exec c begin; select 1 / 0");
        failed.sweep();
        CHECK(contains(failed.say("exec c deallocate prepared"), "57P01"));
        CHECK(failed.say("exec c rollback") == "PGRES_COMMAND_OK");
    }
}

TEST_CASE("a ROLLBACK behind another command in a pipeline is not the first thing after a sweep") {
    Shared shared;
    shared.say("exec c begin");
    shared.sweep();
    CHECK(shared.say("pipeline c") == "1");
    CHECK(shared.say("sendparams c select 7") == "1");
    CHECK(shared.say("sendparams c rollback") == "1");
    shared.say("sync c");
    CHECK(contains(shared.say("result c"), "57P01"));
}

TEST_CASE("swept idle, and again while it rolls back: a statement was running") {
    Program program({"held_reply"}, {{"PQSWEEP_TAG", "a"}});
    CHECK(program.finish() == 0);
    CHECK(
        contains(program.output(),
                 "closed while it was idle when the tag changed to \"b\". A statement was running by then."));
}

TEST_SUITE_END();
