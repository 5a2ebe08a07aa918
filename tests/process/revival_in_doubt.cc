// What a session is can be in doubt when its tag ends. Then the server is asked, and a revival brings back what it said.
#include "tests/support/files.hh"
#include "tests/support/shared_connection.hh"

#include <chrono>
#include <csignal>
#include <doctest/doctest.h>

using namespace pqsweep::tests;

TEST_SUITE_BEGIN("process: revival");

TEST_CASE("in doubt, the server is asked: what functions of the program's own have done to the session comes "
          "back") {
    Server server;
    server.ask("create role asked_role");
    server.ask(
        "create function asked_login(tenant text) returns void language plpgsql as $$ begin "
        "perform set_config('asked.tenant', tenant, false); set role asked_role; reset work_mem; end $$");
    server.ask("create function asked_set(name text) returns void language sql as "
               "'select set_config(name, ''set'', false)'");
    server.ask("create function asked_execute() returns void language plpgsql as $$ begin "
               "execute format('set asked.executed = %L', 'set'); set asked.statement = 'set'; end $$");
    server.ask("create function asked_temp() returns void language sql as 'create temp table asked(i int)'");
    for (const char* login :
         {"exec c select asked_login('it''s')", "exec c do $$ begin perform asked_login('it''s'); end $$",
          "prepare c select * from asked_login('it''s')"}) {
        CAPTURE(std::string(login));
        Shared shared;
        shared.say("exec c set work_mem = '3MB'");
        shared.say("exec c prepare two as select 2");
        shared.say(login);
        if (std::string(login).starts_with("prepare"))
            shared.say("execute c prepared");
        for (int i = 0; i < 2; i++) {
            shared.sweep();
            CHECK(shared.say("exec c select concat(current_setting('asked.tenant'), ' ', current_user, ' ', "
                             "current_setting('work_mem'))") == "PGRES_TUPLES_OK it's asked_role 4MB");
        }
        CHECK(shared.say("exec c execute two") == "PGRES_TUPLES_OK 2");
        shared.say("exec c reset role");
        shared.sweep();
        CHECK(shared.say("exec c select current_user") == "PGRES_TUPLES_OK postgres");
    }
    struct Setting {
        const char *sets, *name;
    };
    for (const Setting& setting :
         {Setting{"do $$ begin perform set_config('asked.d', 'set', false); end $$", "asked.d"},
          Setting{
              "do E'begin\\nset asked.e = ''set''; perform set_config(\\'asked.f\\', \\'set\\', false); end'",
              "asked.e"},
          Setting{
              "do E'begin\\nset asked.e = ''set''; perform set_config(\\'asked.f\\', \\'set\\', false); end'",
              "asked.f"},
          Setting{"select asked_set('Asked.Named')", "asked.named"},
          Setting{"select asked_execute()", "asked.executed"},
          Setting{"select asked_execute()", "asked.statement"}}) {
        CAPTURE(setting.name);
        Shared shared;
        shared.say(std::string("exec c ") + setting.sets);
        shared.sweep();
        CHECK(shared.say(std::string("exec c select current_setting('") + setting.name + "')") ==
              "PGRES_TUPLES_OK set");
    }
    server.ask("create function asked_work() returns void language plpgsql as $$ begin set work_mem = '3MB'; "
               "end $$");
    server.ask("create function pg_asked_work() returns void language plpgsql as $$ begin set work_mem = "
               "'3MB'; end $$");
    for (const char* sets :
         {"begin; declare d cursor for select asked_work(); fetch d; commit",
          "create table asked_table as select asked_work() is null",
          "with w as (select asked_work()) select * from w", "(select asked_work())",
          "select distinct asked_work()::text", "select (asked_work()::text)", "select from asked_work()",
          "values (asked_work())", "prepare d as select $1::text; execute d(asked_work())",
          "select pg_asked_work()", "do E'begin\\nset work_mem = ''3MB''; end'"}) {
        CAPTURE(std::string(sets));
        Shared shared;
        shared.say(std::string("exec c ") + sets);
        shared.sweep();
        CHECK(shared.say("exec c show work_mem") == "PGRES_TUPLES_OK 3MB");
    }
    server.ask("drop table asked_table");
    server.ask("drop function asked_work, pg_asked_work");
    if (std::stoi(server.ask("show server_version_num")) >= 140000) {
        server.ask("create function asked_return(t text) returns text return set_config('asked.returned', t, "
                   "false)");
        Shared shared;
        shared.say("exec c select asked_return('set')");
        shared.sweep();
        CHECK(shared.say("exec c show asked.returned") == "PGRES_TUPLES_OK set");
        server.ask("drop function asked_return");
    }
    server.ask("create role \"Asked User\"");
    Shared authorized;
    authorized.say("exec c do $$ begin set session authorization \"Asked User\"; end $$");
    authorized.sweep();
    CHECK(authorized.say("exec c select session_user") == "PGRES_TUPLES_OK Asked User");
    server.ask("drop role \"Asked User\"");
    Shared computed;
    computed.say("exec c select asked_set('a')");
    computed.say("exec c select set_config('asked' || '.computed', 'set', false)");
    computed.sweep();
    CHECK(contains(computed.say("exec c select 1"), "its session state is not known for certain"));
    Shared temporary;
    temporary.say("exec c select asked_temp()");
    temporary.sweep();
    CHECK(contains(temporary.say("exec c select 1"),
                   "it had a temporary table, since \"select asked_temp()\"."));
    Shared encrypted(Server::tls());
    encrypted.say("exec c select asked_login('x')");
    encrypted.sweep();
    CHECK(contains(encrypted.say("exec c select 1"), "FATAL_ERROR"));
    Shared many;
    for (int i = 0; i < 20; i++) {
        std::string name = "d" + std::to_string(i);
        many.say("open " + name);
        many.say("exec " + name + " select asked_login('" + name + "')");
    }
    many.sweep();
    for (int i = 0; i < 20; i++) {
        std::string name = "d" + std::to_string(i);
        CHECK(many.say("exec " + name + " select current_setting('asked.tenant')") ==
              "PGRES_TUPLES_OK " + name);
    }
    server.ask("drop function asked_login, asked_temp, asked_set, asked_execute");
    server.ask("drop role asked_role");
}

TEST_CASE("in doubt, a server that replies steadily is waited for") {
    Server server;
    server.ask("create function slow_login(who text) returns text language sql as "
               "$$ select set_config('slow.tenant', who, false) $$");
    Program program({"slow_replies"}, Shared::with({}));
    CHECK(program.finish() == 0);
    CHECK(program.output() == "40 of 40");
    server.ask("drop function slow_login");
}

TEST_CASE("in doubt, a server that does not reply holds a tag change up for less than a second") {
    Server server;
    server.ask("create function never_replies() returns int language sql as 'select 1'");
    Program client({"client"}, Shared::with({}));
    client.say("open c");
    client.say("exec c select never_replies()");
    const std::string backend = server.ask("select pid from pg_stat_activity where application_name = '" +
                                           client.application() + "'");
    REQUIRE(kill(std::stoi(backend), SIGSTOP) == 0);
    auto start = std::chrono::steady_clock::now();
    client.say("setenv PQSWEEP_TAG 1");
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
    CHECK(contains(client.say("exec c select 1"),
                   "its session state is not known for certain, since \"select never_replies()\""));
    kill(std::stoi(backend), SIGCONT);
    CHECK(server.is_clear_of(client.application()));
    server.ask("drop function never_replies");
}

TEST_SUITE_END();
