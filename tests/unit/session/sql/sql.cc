#include "tests/unit/session/sql/told.hh"

#include <doctest/doctest.h>
#include <random>

using namespace pqsweep;
using namespace pqsweep::tests;

namespace {

// Copies the text to memory of exactly its size, so that a sanitizer sees a read past its end.
void read_exactly(const std::string& text) {
    std::vector<char> exact(text.begin(), text.end());
    exact.shrink_to_fit();
    read_sql({exact.data(), exact.size()}, {}, {}, [&](const Effect& effect) {
        auto is_inside = [&](std::string_view part) {
            return part.empty() ||
                   (part.data() >= exact.data() && part.data() + part.size() <= exact.data() + exact.size());
        };
        CHECK((is_inside(effect.text) || effect.is_value)); // a number and a boolean have no text there
        CHECK(
            (is_inside(effect.key) || is_setting(effect.act))); // a setting can have another name in the text
        std::vector<char> out(effect.key.size());
        CHECK(fold_name(effect.key, effect.act == Act::set, out.data()) <= effect.key.size());
    });
}

} // namespace

TEST_SUITE_BEGIN("unit: sql");

TEST_CASE("what most statements do: nothing") {
    for (std::string_view sql :
         {"",
          " ;; -- x",
          "select 1",
          "insert into t values ('set x = 1; listen a')",
          "insert into temp (a) values (1)",
          "update t set a = 1",
          "with a as (select 1) delete from b",
          "set local x = 1",
          "set local transaction read only",
          "set transaction snapshot 'x'",
          "set constraints all deferred",
          "create role t",
          "create index on t (a)",
          "drop index a",
          "alter table t add b int",
          "commit prepared 'x'",
          "rollback prepared 'x'",
          "discard plans",
          "discard sequences",
          "(select 1)",
          "select pg_advisory_xact_lock(1)",
          "select pg_try_advisory_xact_lock(1)",
          "select set_config('a', $1, true)",
          "select \"set\" from \"listen\"",
          "select set_config from t",
          "explain select 1",
          "explain analyze select 1",
          "copy t from stdin",
          "do $$ begin perform 1; update t set a = 1; end $$",
          "do $$ begin set local x = 1; end $$",
          "create function f() returns int as 'select set_config(''a'',''b'',false)' language sql",
          "create procedure p() begin atomic select pg_advisory_lock(1); listen x; end",
          "create function f() begin atomic select case 1 when 1 then 2 end as end; listen x; end",
          "create procedure p() begin atomic listen x",
          "create rule r as on insert to t do also (select 1; listen x)",
          "create temp table t (a int) on commit drop",
          "create temporary table t on commit /* c */ drop as select 1",
          "savepoints",
          "merge into temp using x on true"}) {
        INFO(sql);
        CHECK(read(sql).empty());
    }
}

TEST_CASE("settings: each way to write them has the key of the setting") {
    CHECK_ACT("SET x = 1", Act::set, "x");
    CHECK(only(" /* a */ SET /* b */ x = 'y;' ; ").text == "SET /* b */ x = 'y;'");
    CHECK_ACT("set session X to 1", Act::set, "x");
    CHECK_ACT("set \"My\" . Var = on", Act::set, "my.var");
    CHECK_ACT("SET\nDateStyle=ISO, DMY", Act::set, "datestyle");
    CHECK_ACT("SET TIME ZONE 'UTC'", Act::set, "timezone");
    CHECK_ACT("SET SESSION TIME ZONE INTERVAL '1' HOUR TO MINUTE", Act::set, "timezone");
    CHECK_ACT("SET TIME ZONE LOCAL", Act::unset, "timezone");
    CHECK_ACT("set timezone to default", Act::unset, "timezone");
    CHECK_ACT("SET NAMES 'utf8'", Act::set, "client_encoding");
    CHECK_ACT("SET NAMES", Act::unset, "client_encoding");
    CHECK_ACT("set schema 'a'", Act::set, "search_path");
    CHECK_ACT("set role x", Act::set, "role");
    CHECK_ACT("set role to 'x'", Act::set, "role");
    CHECK_ACT("set role none", Act::set, "role");
    CHECK_ACT("set xml option document", Act::set, "xmloption");
    CHECK_ACT("set session authorization 'x'", Act::set, "session_authorization");
    CHECK_ACT("set session session authorization x", Act::set, "session_authorization");
    CHECK_ACT("set session authorization default", Act::unset, "session_authorization");
    CHECK_ACT("reset x.y", Act::unset, "x.y");
    CHECK_ACT("RESET ALL", Act::unset_all, "");
    CHECK_ACT("reset \"all\"", Act::unset, "all");
    CHECK_ACT("reset session authorization", Act::unset, "session_authorization");
    CHECK_ACT("reset time zone", Act::unset, "timezone");
    CHECK_ACT("reset role", Act::unset, "role");
    CHECK_ACT("set transaction_timeout = 1", Act::set, "transaction_timeout");
    for (std::string name : {"local.x", "constraints.x", "session.x", "transaction.x", "characteristics.x",
                             "time.x", "role.x"}) {
        CHECK_ACT(("set " + name + " = 1"), Act::set, name);
        CHECK_ACT(("set session " + name + " to 1"), Act::set, name);
    }
    CHECK_ACT("set \"local\" . \"X\" = 1", Act::set, "local.x");
    CHECK_ACT("set transaction/**/.\"x\" = 1", Act::set, "transaction.x");
    CHECK_ACT("reset session.x", Act::unset, "session.x");
    CHECK(read("do $$ begin set local.x = 1; end $$")[0].act == Act::hidden);
    std::vector<Told> modes = read("set session characteristics as transaction isolation level repeatable "
                                   "read, read only not deferrable");
    REQUIRE(modes.size() == 3);
    CHECK(modes[0].key == "default_transaction_isolation");
    CHECK(modes[0].text == "SET SESSION CHARACTERISTICS AS TRANSACTION isolation level repeatable read");
    CHECK(modes[1].key == "default_transaction_read_only");
    CHECK(modes[2].text == "SET SESSION CHARACTERISTICS AS TRANSACTION not deferrable");
    modes = read("set session transaction read write, isolation level serializable");
    REQUIRE(modes.size() == 2);
    CHECK(modes[0].key == "transaction_read_only");
    CHECK(modes[0].text == "SET TRANSACTION read write");
    CHECK(modes[1].key == "transaction_isolation");
}

TEST_CASE("transactions: all their words") {
    CHECK_ACT("BEGIN", Act::begin, "");
    CHECK_ACT("begin isolation level serializable", Act::begin, "");
    CHECK_ACT("START TRANSACTION READ ONLY", Act::begin, "");
    CHECK_ACT("commit work", Act::commit, "");
    CHECK_ACT("END", Act::commit, "");
    CHECK_ACT("end transaction and chain", Act::commit_chain, "");
    CHECK_ACT("commit and no chain", Act::commit, "");
    CHECK_ACT("ABORT", Act::rollback, "");
    CHECK_ACT("rollback and chain", Act::rollback_chain, "");
    CHECK_ACT("savepoint \"A b\"", Act::savepoint, "A b");
    CHECK_ACT("rollback to Sp", Act::rollback_to, "sp");
    CHECK_ACT("rollback work to savepoint sp", Act::rollback_to, "sp");
    CHECK_ACT("rollback to savepoint", Act::rollback_to, "savepoint");
    CHECK_ACT("release savepoint sp", Act::release, "sp");
    CHECK_ACT("release sp", Act::release, "sp");
    CHECK_ACT("prepare transaction 'x'", Act::prepare_transaction, "");
}

TEST_CASE("a plain ROLLBACK") {
    for (std::string_view sql : {"rollback", " /* x */ ABORT work;", "Rollback Transaction ; ;",
                                 "rollback and no chain", "abort work and no chain;"})
        CHECK(is_rollback(sql));
    for (std::string_view sql :
         {"", "rollback to x", "rollback and chain", "rollback; select 1", "rollback prepared 'x'", "commit",
          "rollbacks", "rollback and no chain; select 1", "rollback and no"})
        CHECK_FALSE(is_rollback(sql));
}

TEST_CASE("what leaves a transaction as it is") {
    for (std::string_view sql :
         {"", " ; /* x */ ;", "deallocate p", "DEALLOCATE prepare \"P\";", "deallocate all"})
        CHECK(leaves_transaction(sql));
    for (std::string_view sql : {"deallocate", "deallocate;", "deallocate p; select 1", "deallocate p q",
                                 "select 1", "; commit", "close c"})
        CHECK_FALSE(leaves_transaction(sql));
}

TEST_CASE("listening, prepared statements, cursors, DISCARD and LOAD") {
    CHECK_ACT("LISTEN Ch", Act::listen, "ch");
    CHECK_ACT("unlisten \"Ch\"", Act::unlisten, "Ch");
    CHECK_ACT("unlisten *", Act::unlisten_all, "");
    CHECK_ACT("prepare P (int) as select $1", Act::prepare, "p");
    CHECK_ACT("prepare transaction as select 1", Act::prepare, "transaction");
    CHECK_ACT("deallocate prepare P", Act::deallocate, "p");
    CHECK_ACT("deallocate prepare", Act::deallocate, "prepare");
    CHECK_ACT("deallocate \"all\"", Act::deallocate, "all");
    CHECK_ACT("deallocate prepare all", Act::deallocate_all, "");
    CHECK_ACT("execute P(1)", Act::execute, "p");
    CHECK(only("execute p (1, (2), ')') ; ").text == "(1, (2), ')')");
    CHECK_ACT("declare C scroll cursor with hold for select 1", Act::hold, "c");
    CHECK(read("declare c cursor without hold for select 1").empty());
    CHECK(read("declare c cursor for with hold as (select 1) select 1").empty());
    CHECK_ACT("close c", Act::close, "c");
    CHECK_ACT("close all", Act::close_all, "");
    CHECK_ACT("discard all", Act::discard_all, "");
    CHECK_ACT("DISCARD TEMPORARY", Act::drop_all_temporary, "");
    CHECK_ACT("load 'Lib'", Act::load, "'Lib'");
    CHECK_FALSE(only("prepare p as select pg_advisory_lock($1)").is_harmless);
    CHECK_FALSE(only("prepare p as select pg_advisory_unlock($1)").is_harmless);
    CHECK(only("prepare p as select $1").is_harmless);
}

TEST_CASE("what is temporary if the search_path names pg_temp") {
    for (const char* sql : {"create table temp (a int)", "create or replace view v as select login()",
                            "create sequence s", "create unlogged table if not exists t (a int)",
                            "create type t as (a int)", "create domain d as int", "select 1 into t"})
        CHECK_ACT(sql, Act::create, "");
}

TEST_CASE("temporary tables: each way to make one") {
    CHECK_ACT("create temp table T (a int)", Act::create_temporary, "t");
    CHECK_ACT("create temporary table if not exists t as select 1", Act::create_temporary, "t");
    CHECK_ACT("create local temp sequence s", Act::create_temporary, "s");
    CHECK_ACT("create or replace temp view v as select 1", Act::create_temporary, "v");
    CHECK_ACT("create temp recursive view v (n) as select 1", Act::create_temporary, "v");
    CHECK_ACT("create global temporary table pg_temp.t (a int) on commit preserve rows",
              Act::create_temporary, "t");
    CHECK_ACT("create table pg_temp.t (a int)", Act::create_temporary, "t");
    CHECK_ACT("create function pg_temp.f() returns int return 1", Act::create_temporary, "f");
    CHECK_ACT("select 1 as a into temp t from x", Act::create_temporary, "t");
    CHECK_ACT("select 1 into local temporary table T", Act::create_temporary, "t");
    CHECK_ACT("with a as (select 1) select * into pg_temp.t from a", Act::create_temporary, "t");
    CHECK_ACT("drop table if exists T cascade", Act::drop_temporary, "t");
    CHECK_ACT("drop view pg_temp.v", Act::drop_temporary, "v");
    CHECK_ACT("select 1 into table pg_temp.t", Act::create_temporary, "t");
    CHECK_ACT("create table \"pg_temp\".\"T\" (a int)", Act::create_temporary, "T");
    CHECK_ACT("drop table \"pg_temp\".t", Act::drop_temporary, "t");
    CHECK(read("drop table public.t").empty());
    CHECK(read("drop table a, b, c.d").size() == 2);
}

TEST_CASE("EXPLAIN: the statement runs with ANALYZE") {
    CHECK_ACT("explain analyze select set_config('a', 'b', false)", Act::set, "a");
    CHECK_ACT("explain (costs off, analyze, format json) create temp table t as select 1",
              Act::create_temporary, "t");
    CHECK_ACT("EXPLAIN (ANALYZE TRUE) (select pg_advisory_lock(1))", Act::lock, "");
    CHECK_ACT("explain analyze verbose execute p(1)", Act::execute, "p");
    for (std::string_view sql :
         {"explain select pg_advisory_lock(1)", "explain execute p", "explain (analyze off) execute p",
          "explain (analyze false, costs) select pg_advisory_lock(1)", "explain verbose execute p",
          "explain (analyze 'off') execute p", "explain (analyze \"OFF\", costs) execute p",
          "explain (analyze 'False') execute p", "explain (analyze 0) execute p"})
        CHECK(read(sql).empty());
}

TEST_CASE("DO: what it may hide") {
    CHECK_ACT("do $$ begin create temp table t (a int); end $$", Act::hidden, "");
    CHECK_ACT("do language plpgsql 'begin if true then SET x = 1; end if; end'", Act::hidden, "");
    CHECK_ACT("do $$ begin execute 'listen a'; end $$", Act::hidden, "");
    CHECK_ACT("do $$ begin execute $a$ set x = 1 $a$; end $$", Act::hidden, "");
    CHECK_ACT("do $$ begin perform set_config('a', 'b', false); end $$", Act::hidden, "");
    CHECK_ACT("do $$ begin perform pg_advisory_lock(1); end $$", Act::hidden, "");
    CHECK_ACT("do $$ begin set x = 1; commit; end $$", Act::hidden, "");
    CHECK_ACT("do language plperl $$ spi_exec_query(q{set a = 1}) $$", Act::hidden, "");
    CHECK(read("do $$ begin perform attempt, template from temps; end $$").empty());
    CHECK_ACT("do $$ begin perform setseed(0.5); end $$", Act::unclear_at_once, "");
    CHECK_ACT("do $$ begin perform login(1); end $$", Act::hidden, "");
    CHECK_ACT("do $$ begin prepare p as select 1; end $$", Act::hidden, "");
    CHECK_ACT("do $$ begin deallocate all; end $$", Act::hidden, "");
    CHECK_ACT("do E'begin\\nset x = 1; end'", Act::hidden, "");
    CHECK_ACT("do U&'begin \\0073et x = 1; end'", Act::hidden, "");
    CHECK_ACT("do 'begin s'\n'et x = 1; end'", Act::hidden, "");
    CHECK(read("do 'begin raise notice ''x''; end'").empty());
    CHECK(read("do $$ declare r record; begin for r in select count(*) from t loop null; end loop; end $$")
              .empty());
}

TEST_CASE("several statements: counted, and each with its own effects") {
    uint32_t n = 0;
    std::vector<Told> all = read("; set a = 1 ;; select ';'; (select 1; select 2); listen b -- end\n;", &n);
    CHECK(n == 4);
    REQUIRE(all.size() == 2);
    CHECK(all[0].statement == 1);
    CHECK(all[1].statement == 4);
    CHECK(all[1].key == "b");
}

TEST_CASE("several statements: the body of a routine is none of them") {
    uint32_t n = 0;
    std::vector<Told> all =
        read("create function f() returns int begin atomic select case a when 1 then 2 end; "
             "select 1 as end; end; listen b; create table begin (atomic int); listen c",
             &n);
    CHECK(n == 4);
    REQUIRE(all.size() == 3);
    CHECK(all[0].key == "b");
}

TEST_CASE("a name with escapes may be any") {
    for (std::string_view sql :
         {"set U&\"\\0061\" = 1", "deallocate U&\"a\"", "unlisten u&\"a\"", "rollback to savepoint U&\"a\"",
          "drop table U&\"a\"", "select U&\"set\\005fconfig\"(1)"}) {
        INFO(sql);
        std::vector<Told> all = read(sql);
        REQUIRE_FALSE(all.empty());
        CHECK(all[0].act == Act::unclear_at_once);
    }
}

TEST_CASE("an execution inside another statement") {
    CHECK_ACT("create table t as execute p(1)", Act::execute, "p");
    CHECK_ACT("explain analyze execute p", Act::execute, "p");
}

TEST_CASE("any bytes: nothing is read past the end") {
    std::mt19937 random(20240607);
    auto below = [&](size_t n) { return random() % n; };
    const std::string pieces[] = {"set ",
                                  "session ",
                                  "x",
                                  "=",
                                  "'",
                                  "\"",
                                  "$$",
                                  "$a$",
                                  "/*",
                                  "*/",
                                  "--",
                                  "\n",
                                  ";",
                                  "(",
                                  ")",
                                  "E'",
                                  "\\",
                                  "begin",
                                  " atomic ",
                                  "select ",
                                  "set_config",
                                  "pg_advisory_lock",
                                  "pg_advisory_unlock",
                                  ",",
                                  "false",
                                  "true",
                                  "create ",
                                  "temp ",
                                  "table ",
                                  "into ",
                                  "prepare ",
                                  " as ",
                                  "do ",
                                  "characteristics ",
                                  "transaction ",
                                  "isolation ",
                                  "level ",
                                  "rollback ",
                                  "to ",
                                  "release ",
                                  "declare ",
                                  "drop ",
                                  ".",
                                  "1",
                                  "$1",
                                  " ",
                                  "pg_temp",
                                  "on commit ",
                                  "reset ",
                                  "time ",
                                  "zone ",
                                  "discard ",
                                  "deallocate ",
                                  "function ",
                                  "\xc3\xa9",
                                  std::string(1, '\0')};
    for (int i = 0; i < 20000; i++) {
        std::string text;
        for (size_t n = below(24); n > 0; n--) {
            if (below(12) == 0)
                text += static_cast<char>(below(256));
            else
                text += pieces[below(std::size(pieces))];
        }
        read_exactly(text);
        text.resize(below(text.size() + 1));
        read_exactly(text);
    }
    for (int i = 0; i < 5000; i++) {
        std::string text(below(64), ' ');
        for (char& c : text)
            c = static_cast<char>(below(256));
        read_exactly(text);
    }
}

TEST_SUITE_END();
