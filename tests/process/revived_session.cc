// Tests which session a revived connection has.
#include "tests/support/files.hh"
#include "tests/support/shared_connection.hh"

using namespace pqsweep::tests;

TEST_SUITE_BEGIN("process: revival");

TEST_CASE("the session's state comes back") {
    Shared shared;
    shared.say("exec c set statement_timeout = '7s'");
    shared.say("exec c set search_path to pg_catalog");
    shared.say("exec c begin");
    shared.say("exec c set lock_timeout = '8s'");
    shared.say("exec c set local work_mem = '9MB'");
    shared.say("exec c commit");
    shared.say("exec c begin; set idle_in_transaction_session_timeout = '9s'; rollback");
    shared.say("exec c set time zone 'Asia/Tokyo'");
    shared.say("exec c set custom.thing = 'it''s'");
    shared.say("exec c prepare plan as select 42");
    CHECK(shared.say("encoding c LATIN1") == "0");
    CHECK(shared.say("prepare c select 43") == "PGRES_COMMAND_OK");
    shared.say("nonblocking c");
    shared.sweep();
    CHECK(shared.say("exec c show statement_timeout") == "PGRES_TUPLES_OK 7s");
    CHECK(shared.say("exec c show search_path") == "PGRES_TUPLES_OK pg_catalog");
    CHECK(shared.say("exec c show lock_timeout") == "PGRES_TUPLES_OK 8s");
    CHECK(shared.say("exec c show work_mem") == "PGRES_TUPLES_OK 4MB");
    CHECK(shared.say("exec c show idle_in_transaction_session_timeout") == "PGRES_TUPLES_OK 0");
    CHECK(shared.say("exec c show time zone") == "PGRES_TUPLES_OK Asia/Tokyo");
    CHECK(shared.say("exec c show custom.thing") == "PGRES_TUPLES_OK it's");
    CHECK(shared.say("exec c execute plan") == "PGRES_TUPLES_OK 42");
    CHECK(shared.say("execute c prepared") == "PGRES_TUPLES_OK 43");
    CHECK(shared.say("parameter c client_encoding") == "LATIN1");
    CHECK(shared.say("isnonblocking c") == "1");
}

TEST_CASE("a prepared statement that was executed had the effect of its text") {
    Shared shared;
    CHECK(shared.say("prepare c set work_mem = '3MB'") == "PGRES_COMMAND_OK");
    CHECK(shared.say("execute c prepared") == "PGRES_COMMAND_OK");
    shared.say("exec c prepare tenant as select set_config('app.tenant', $1, false)");
    shared.say("exec c execute tenant('it is 42')");
    shared.say("exec c select pg_try_advisory_lock(5), pg_advisory_unlock(5::bigint)");
    shared.sweep();
    CHECK(shared.say("exec c show work_mem") == "PGRES_TUPLES_OK 3MB");
    CHECK(shared.say("exec c show app.tenant") == "PGRES_TUPLES_OK it is 42");
    CHECK(shared.say("execute c prepared") == "PGRES_COMMAND_OK");
}

TEST_CASE("a prepared statement is made again under the settings of its time") {
    Shared shared;
    shared.say("exec c set timezone = 'Asia/Tokyo'");
    shared.say("exec c prepare replaced as select '2020-01-01 00:00'::timestamptz at time zone 'utc'");
    shared.say("exec c reset timezone");
    shared.say("exec c begin; set local datestyle = 'SQL, DMY'; set intervalstyle = 'iso_8601'");
    shared.say("exec c prepare rolled_back as select '02/01/2020'::date = '2020-01-02'::date");
    shared.say("exec c rollback");
    shared.say("exec c prepare behind as select '02/01/2020'::date = '2020-02-01'::date");
    std::string settings =
        "exec c select concat_ws(' ', current_setting('timezone'), current_setting('datestyle'), "
        "current_setting('search_path'))";
    std::string before = shared.say(settings);
    for (int sweeps = 0; sweeps < 2; sweeps++) {
        shared.sweep();
        CHECK(shared.say("exec c execute replaced") == "PGRES_TUPLES_OK 2019-12-31 15:00:00");
        CHECK(shared.say("exec c execute rolled_back") == "PGRES_TUPLES_OK t");
        CHECK(shared.say("exec c execute behind") == "PGRES_TUPLES_OK t");
        CHECK(shared.say(settings) == before);
    }
}

TEST_CASE("a ROLLBACK finds both halves of the DateStyle") {
    Shared shared;
    shared.say("exec c set datestyle = 'SQL'");
    shared.say("exec c set datestyle = 'DMY'");
    shared.say("exec c begin");
    shared.sweep();
    CHECK(shared.say("exec c rollback") == "PGRES_COMMAND_OK");
    CHECK(shared.say("exec c show datestyle") == "PGRES_TUPLES_OK SQL, DMY");
}

TEST_CASE(
    "a table that the thread itself has locked does not hold up the revival of a statement that names it") {
    Shared shared;
    shared.say("exec c create table locked(i int)");
    CHECK(shared.say("prepare c select count(*) from locked") == "PGRES_COMMAND_OK");
    shared.say("exec c prepare other as select 7");
    for (const char* first : {"exec c select 1", "exec c rollback"}) {
        CAPTURE(std::string(first));
        shared.say(first == std::string("exec c rollback") ? "exec c begin" : "exec c select 1");
        shared.sweep();
        shared.server.ask("begin; lock table locked");
        CHECK(shared.say(first).starts_with("PGRES_"));
        CHECK_FALSE(contains(shared.say("exec c select 2"), "FATAL"));
        CHECK(shared.say("exec c execute other") == "PGRES_TUPLES_OK 7");
        shared.server.ask("rollback");
        CHECK(shared.say("execute c prepared") == "PGRES_TUPLES_OK 0");
    }
    shared.say("exec c drop table locked");
}

TEST_CASE("a setting has the value that the server made of a parameter of another type") {
    for (const char* value :
         {"16 t", "16 \\00", "21 \\002a", "23 007", "701 7.50", "1082 2024-1-5", "3802 {\"b\":1}", "18 abc",
          "2950 a0eebc999c0b4ef8bb6d6bb9bd380a11", "2950 \\a0eebc999c0b4ef8bb6d6bb9bd380a11"}) {
        CAPTURE(std::string(value));
        Shared shared;
        shared.say(std::string("typed c ") + value + " select set_config('app.typed', $1::text, false)");
        const std::string set = shared.say("exec c show app.typed");
        REQUIRE(set.starts_with("PGRES_TUPLES_OK"));
        shared.say("exec c prepare declared(bool) as select set_config('app.declared', $1::text, false)");
        shared.say("exec c execute declared('y')");
        shared.say("exec c select set_config('app.constant', TRUE::text, false)");
        shared.sweep();
        CHECK(shared.say("exec c show app.typed") == set);
        CHECK(shared.say("exec c show app.declared") == "PGRES_TUPLES_OK true");
        CHECK(shared.say("exec c show app.constant") == "PGRES_TUPLES_OK true");
    }
    Shared locked;
    locked.say("typed c 16 t select pg_advisory_lock(hashtext($1::text))");
    locked.say("typed c 25 t select pg_advisory_unlock(hashtext($1::text))");
    locked.sweep();
    CHECK(contains(locked.say("exec c select 1"), "advisory lock"));
}

TEST_CASE("a custom setting comes back whose class is a word of SET's") {
    Shared shared;
    for (const char* name : {"local", "session", "transaction", "constraints", "characteristics"})
        shared.say(std::string("exec c set ") + name + ".thing = '" + name + "'");
    shared.sweep();
    for (const char* name : {"local", "session", "transaction", "constraints", "characteristics"})
        CHECK(shared.say(std::string("exec c select current_setting('") + name + ".thing')") ==
              std::string("PGRES_TUPLES_OK ") + name);
}

TEST_CASE("the unnamed statement is there again, whatever else is") {
    Shared shared;
    shared.say("exec c set time zone -3");
    CHECK(shared.say("parse c select 7") == "PGRES_COMMAND_OK");
    shared.sweep();
    CHECK(shared.say("execute c ") == "PGRES_TUPLES_OK 7");
    CHECK(shared.say("exec c show time zone") == "PGRES_TUPLES_OK <-03>+03");
}

TEST_CASE("a prepared statement that can't be made again is made when it is executed; the error is its own") {
    Shared shared;
    shared.say("exec c create table left_out(i int)");
    CHECK(shared.say("prepare c select * from left_out") == "PGRES_COMMAND_OK");
    shared.say("exec c prepare by_sql as select * from left_out");
    shared.say("exec c prepare other as select 7");
    shared.say("exec c drop table left_out");
    shared.sweep();
    CHECK(shared.say("exec c execute other") == "PGRES_TUPLES_OK 7");
    CHECK(contains(shared.say("execute c prepared"), "42P01"));
    CHECK(contains(shared.say("exec c execute by_sql"), "42P01"));
    CHECK(contains(shared.say("exec c prepare by_sql as select 1"), "42P05"));
    CHECK(contains(shared.say("prepare c select 1"), "42P05"));
    shared.say("exec c create table left_out(i int)");
    CHECK(shared.say("execute c prepared") == "PGRES_TUPLES_OK");
    CHECK(shared.say("exec c execute by_sql") == "PGRES_TUPLES_OK");
    shared.say("exec c drop table left_out");
}

TEST_CASE("one that can't be made again undoes nothing else of the session, before it or behind it") {
    Shared shared;
    shared.say("exec c create table left_out(i int)");
    shared.say("exec c set lock_timeout = 4");
    shared.say("exec c prepare before as select 7");
    CHECK(shared.say("prepare c select * from left_out") == "PGRES_COMMAND_OK");
    shared.say("exec c prepare behind as select 8");
    shared.say("exec c set work_mem = '3MB'");
    shared.server.ask("drop table left_out");
    for (const char* begin : {"", "exec c begin", ""}) {
        CAPTURE(std::string(begin));
        bool begins = *begin;
        shared.say(begins ? begin : "parse c select 9");
        shared.sweep();
        if (begins)
            CHECK(shared.say("exec c rollback") == "PGRES_COMMAND_OK");
        else
            CHECK(shared.say("execute c ") == "PGRES_TUPLES_OK 9");
        CHECK(shared.say("exec c execute before") == "PGRES_TUPLES_OK 7");
        CHECK(shared.say("exec c execute behind") == "PGRES_TUPLES_OK 8");
        CHECK(shared.say(
                  "exec c select concat(current_setting('work_mem'), current_setting('lock_timeout'))") ==
              "PGRES_TUPLES_OK 3MB4ms");
        CHECK(contains(shared.say("execute c prepared"), "42P01"));
    }
}

TEST_CASE("one that can't be made again is made at the begin of a pipeline, or in the pipeline of a "
          "transaction if it comes first") {
    for (bool has_transaction : {false, true}) {
        CAPTURE(has_transaction);
        Shared shared;
        shared.say("exec c create table left_out(i int)");
        CHECK(shared.say("prepare c select * from left_out") == "PGRES_COMMAND_OK");
        shared.say("exec c prepare never as select i from left_out");
        shared.say("exec c drop table left_out");
        shared.sweep();
        CHECK(shared.say("exec c select 1") == "PGRES_TUPLES_OK 1");
        shared.say("exec c create table left_out(j int)");
        if (has_transaction)
            shared.say("exec c begin");
        CHECK(shared.say("pipeline c") == "1");
        if (!has_transaction) {
            CHECK(shared.say("sendparams c select 2") == "1");
        }
        CHECK(shared.say("sendexecute c prepared") == "1");
        CHECK(shared.say("sync c") == "1");
        if (!has_transaction) {
            CHECK(shared.say("result c") == "PGRES_TUPLES_OK 2");
            CHECK(shared.say("result c") == "none");
        }
        CHECK(shared.say("result c") == "PGRES_TUPLES_OK");
        CHECK(shared.say("result c") == "none");
        CHECK(shared.say("result c") == "PGRES_PIPELINE_SYNC");
        CHECK(shared.say("pipelinestatus c") == std::to_string(PQ_PIPELINE_ON));
        shared.say("finish c");
        shared.server.ask("drop table left_out");
    }
}

TEST_CASE(
    "a pipeline does not wait for the lock on what a left-out statement that it does not execute needs") {
    Shared shared;
    shared.say("exec c create table left_out(i int)");
    CHECK(shared.say("prepare c select * from left_out") == "PGRES_COMMAND_OK");
    shared.say("exec c drop table left_out");
    shared.sweep();
    CHECK(shared.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    shared.say("exec c create table left_out(i int)");
    shared.server.ask("begin; lock table left_out");
    CHECK(shared.say("pipeline c") == "1");
    CHECK(shared.say("sendparams c show lock_timeout") == "1");
    CHECK(shared.say("sync c") == "1");
    CHECK(shared.say("result c") == "PGRES_TUPLES_OK 0");
    shared.server.ask("rollback; drop table left_out");
}

TEST_CASE("a prepared statement that can't be made again can be deallocated, in a transaction, too") {
    Shared shared;
    shared.say("exec c create table left_out(i int)");
    CHECK(shared.say("prepare c select * from left_out") == "PGRES_COMMAND_OK");
    shared.say("exec c prepare \"a \"\"b\" as select * from left_out");
    shared.say("exec c drop table left_out");
    shared.sweep();
    shared.say("exec c begin");
    CHECK(shared.say("exec c deallocate prepared") == "PGRES_COMMAND_OK");
    CHECK(contains(shared.say("exec c prepare \"a \"\"b\" as select 1"), "42P05"));
    shared.say("exec c rollback");
    CHECK(contains(shared.say("exec c execute \"a \"\"b\""), "42P01"));
    CHECK(shared.say("exec c deallocate \"a \"\"b\"") == "PGRES_COMMAND_OK");
    CHECK(contains(shared.say("exec c deallocate prepared"), "26000"));
}

TEST_CASE("a session of more than 1 MB is refused, and the reason states the limit") {
    Shared shared;
    for (int i = 0; i < 600; i++)
        CHECK(shared.say("exec c prepare p" + std::to_string(i) + " as select '" + std::string(2000, 'x') +
                         "'") == "PGRES_COMMAND_OK");
    shared.sweep();
    CHECK(contains(shared.say("exec c execute p1"), "more than the 1 MB that pqsweep remembers"));
}

TEST_CASE("what was created under a default search_path that names pg_temp is a temporary table") {
    Server server;
    server.ask("create role temporary login");
    server.ask("alter role temporary set search_path = pg_temp, public");
    for (const char* conninfo : {"user=temporary", "options='-c search_path=pg_temp'"}) {
        CAPTURE(std::string(conninfo));
        Shared shared(conninfo);
        shared.say("exec c select 1");
        shared.sweep();
        CHECK(shared.say("exec c create table t(i int)") == "PGRES_COMMAND_OK");
        shared.sweep();
        CHECK(contains(shared.say("exec c select * from t"), "57P01"));
    }
    server.ask("drop role temporary");
}

TEST_CASE("a default by ALTER ROLE that has changed since is no default of the session that went") {
    Server server;
    server.ask("create role defaults login");
    Shared same("user=defaults");
    same.sweep();
    CHECK(same.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    server.ask("alter role defaults set timezone = 'Asia/Tokyo'");
    Shared set("user=defaults");
    set.say("exec c set timezone = 'Europe/Berlin'");
    set.sweep();
    CHECK(set.say("exec c show timezone") == "PGRES_TUPLES_OK Europe/Berlin");
    same.sweep();
    CHECK(contains(same.say("exec c select 1"), "not known for certain"));
    server.ask("drop role defaults");
}

TEST_CASE("texts come back in the encoding that they were sent in") {
    Shared shared;
    CHECK(shared.say("encoding c LATIN1") == "0");
    shared.say("exec c prepare two as select length('\xc3\xa9')");
    shared.say("exec c set custom.thing = '\xc3\xa9'");
    shared.say("exec c set names 'UTF8'");
    shared.sweep();
    CHECK(shared.say("exec c execute two") == "PGRES_TUPLES_OK 2");
    CHECK(shared.say("exec c select length(current_setting('custom.thing'))") == "PGRES_TUPLES_OK 2");
    CHECK(shared.say("parameter c client_encoding") == "UTF8");
}

TEST_CASE("a custom setting that was ever set is empty, and strings are read by the rules of their time") {
    Shared shared;
    shared.say("exec c begin; set local app.tenant = '42'; commit");
    shared.say("exec c set standard_conforming_strings = off");
    shared.say("exec c select 'a\\\'; set work_mem = ''1MB''; --'; set lock_timeout = 4");
    shared.sweep();
    CHECK(shared.say("exec c select current_setting('app.tenant', true) = ''") == "PGRES_TUPLES_OK t");
    CHECK(shared.say("exec c show lock_timeout") == "PGRES_TUPLES_OK 4ms");
    CHECK(shared.say("exec c show work_mem") == "PGRES_TUPLES_OK 4MB");
    CHECK(shared.say("exec c show standard_conforming_strings") == "PGRES_TUPLES_OK off");
}

TEST_CASE("a pipeline: an error undoes what came after the last Sync, flushed or not") {
    Shared shared;
    shared.say("exec c set lock_timeout = 4");
    shared.say("pipeline c");
    shared.say("sendparams c set work_mem = '3MB'");
    shared.say("flushrequest c");
    CHECK(shared.say("result c") == "PGRES_COMMAND_OK");
    CHECK(shared.say("result c") == "none");
    shared.say("sendparams c select 1/0");
    shared.say("sync c");
    CHECK(contains(shared.say("result c"), "22012"));
    CHECK(shared.say("result c") == "none");
    CHECK(shared.say("result c") == "PGRES_PIPELINE_SYNC");
    shared.sweep();
    shared.say("sendparams c select concat(current_setting('work_mem'), current_setting('lock_timeout'))");
    shared.say("sync c");
    CHECK(shared.say("result c") == "PGRES_TUPLES_OK 4MB4ms");
}

TEST_CASE("what was dropped does not come back") {
    Shared shared;
    shared.say("exec c set statement_timeout = '7s'");
    shared.say("exec c listen channel");
    shared.say("exec c prepare plan as select 42");
    shared.say("exec c discard all");
    shared.sweep();
    CHECK(shared.say("exec c show statement_timeout") == "PGRES_TUPLES_OK 0");
    CHECK(shared.say("exec c select count(*) from pg_listening_channels()") == "PGRES_TUPLES_OK 0");
    CHECK(contains(shared.say("exec c execute plan"), "26000"));
}

TEST_SUITE_END();
