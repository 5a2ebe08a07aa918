#include "tests/unit/session/sql/told.hh"

#include <doctest/doctest.h>
#include <random>

using namespace pqsweep;
using namespace pqsweep::tests;

namespace {

Told only_of(std::string_view sql, const Parameters& parameters) {
    std::vector<Told> all = read(sql, nullptr, parameters);
    std::erase_if(all, [](const Told& told) { return told.act == Act::define; });
    if (all.size() > 1)
        std::erase_if(all, [](const Told& told) { return told.act == Act::create; });
    INFO(sql);
    REQUIRE(all.size() == 1);
    return all[0];
}

Told only(std::string_view sql, const std::vector<const char*>& values = {}) {
    return only_of(sql,
                   Parameters(static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr));
}

// With one parameter of that type.
Told only_typed(std::string_view sql, unsigned type, std::string_view value, bool is_binary = false) {
    std::string bytes(value);
    const char* values[] = {bytes.c_str()};
    int lengths[] = {static_cast<int>(bytes.size())}, formats[] = {is_binary};
    return only_of(sql, Parameters(1, &type, values, lengths, formats));
}

#define CHECK_ACT(sql, does, of)                                                                             \
    do {                                                                                                     \
        INFO(sql);                                                                                           \
        Told told = only(sql);                                                                               \
        CHECK(static_cast<int>(told.act) == static_cast<int>(does));                                         \
        CHECK(told.key == (of));                                                                             \
    } while (false)

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

TEST_CASE("set_config: read from literals, and not known otherwise") {
    Told literal = only("SELECT pg_catalog.set_config('search_path', '', false);");
    CHECK(literal.act == Act::set);
    CHECK(literal.key == "search_path");
    CHECK(literal.text == "SELECT pg_catalog.set_config('search_path', '', false)");
    CHECK_ACT("select set_config('A.b', 'it''s (', False) as x", Act::set, "a.b");
    CHECK_ACT("select set_config('a.b', $1, false)", Act::set_unknown, "a.b");
    CHECK_ACT("select set_config($1, $2, false)", Act::set_unknown, "");
    CHECK_ACT("select set_config('a', 'b', $1)", Act::set_unknown, "a");
    CHECK(read("select set_config('a', 'b', 't'), set_config('a', 'b', 'On'), set_config('a', $1, '1'::bool)")
              .empty());
    CHECK_ACT("select set_config('a', 'b', 'f')", Act::set, "a");
    CHECK(only("select set_config($1, $2, $3)", {"A.b", "it's", "off"}).key == "a.b");
    CHECK(only("select set_config($1, $2, $3)", {"A.b", "it's", "off"}).text == "it's");
    CHECK(only("select set_config('a', $1::text, false)", {"1"}).text == "1");
    CHECK(only("select set_config('a', $1, false)", {nullptr}).act == Act::unset);
    CHECK(only("select set_config('a', upper($1), false)", {"b"}).act == Act::set_unknown);
    CHECK(only("select set_config('a', $1, false) from t", {"b"}).act == Act::set_unknown);
    CHECK_ACT("select set_config('a', 'b', false) from t", Act::set_unknown, "a");
    CHECK_ACT("select set_config('a', 'b' || 'c', false)", Act::set_unknown, "a");
    CHECK_ACT("with x as (select set_config('a', 'b', false)) select 1", Act::set_unknown, "a");
    CHECK_ACT("select set_config('a', upper('b'), false", Act::set_unknown, "a");
    CHECK_ACT("select set_config(", Act::set_unknown, "");
    CHECK_ACT("select set_config('a'", Act::set_unknown, "");
    std::vector<Told> two =
        read("select set_config('a', '1', false), set_config('b', '2', true), set_config('c', '3', false)");
    REQUIRE(two.size() == 2);
    CHECK(two[0].act == Act::set);
    CHECK(two[1].key == "c");
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

TEST_CASE("set_config: a value of another type is what the server casts it to, or not known") {
    using namespace std::literals;
    auto set = [](unsigned type, std::string_view value, bool is_binary = false) {
        Told told = only_typed("select set_config('a.b', $1::text, false)", type, value, is_binary);
        CHECK(told.key == "a.b");
        CHECK(told.act == (told.text.starts_with("select") ? Act::set_unknown : Act::set));
        return told.act == Act::set ? told.text : "?";
    };
    for (unsigned type : {0, 705, 25, 1043})
        CHECK(set(type, " 07") == " 07");
    CHECK(set(0, "abcd", true) == "abcd");
    CHECK(set(25, "abcd", true) == "abcd");
    CHECK(set(16, "t") == "true");
    CHECK(set(16, " Off") == "false");
    CHECK(set(16, "\1", true) == "true");
    CHECK(set(16, "?") == "?");
    CHECK(set(23, " 007") == "7");
    CHECK(set(20, "-0") == "0");
    CHECK(set(20, "0x1f") == "?");
    CHECK(set(21, "\xff\xfe"sv, true) == "-2");
    CHECK(set(23, "\0\0\0\x2a"sv, true) == "42");
    CHECK(set(20, "\x80\0\0\0\0\0\0\0"sv, true) == "-9223372036854775808");
    for (unsigned type : {18, 19, 114, 701, 1042, 1082, 1700, 2950,
                          3802}) // "char", name, json, float8, char, date, numeric ...
        CHECK(set(type, "1") == "?");
    CHECK(set(2950, "abcdefghijklmnop", true) == "?");
    CHECK(only("select set_config('a', TRUE::text, false)").text == "true");
    CHECK(only("select set_config('a', 007::text, false)").text == "7");
    CHECK_ACT("select set_config('a', 1234567890123456789::text, false)", Act::set_unknown, "a");
    CHECK(only_typed("select set_config($1, 'x', false)", 1042, "a.b ").key.empty());
    std::vector<Told> twice =
        read("select pg_try_advisory_lock($1), set_config('a', $1::text, false)", nullptr,
             Parameters(1, nullptr, std::vector{"007"}.data(), nullptr, nullptr));
    REQUIRE(twice.size() == 2);
    CHECK(twice[0].key == "7");
    CHECK(twice[1].act == Act::set_unknown);
}

TEST_CASE("EXECUTE: the types of a PREPARE's parameters make the values") {
    auto set = [](const char* types, const char* list, const char* of = "$1::text") {
        std::string sql = std::string("prepare p ") + types + " as select set_config('a', " + of + ", false)";
        std::string text;
        read_prepared(sql, {}, Parameters(std::string_view(list)), [&](const Effect& effect) {
            text = effect.act == Act::set     ? std::string(effect.text)
                   : effect.act == Act::unset ? "null"
                                              : "?";
        });
        return text;
    };
    CHECK(set("", "(007)") == "7");
    CHECK(set("", "(TRUE)") == "true");
    CHECK(set("", "('007')") == "007");
    CHECK(set("(text)", "('t')") == "t");
    CHECK(set("(Text)", "(TRUE)") == "true");
    CHECK(set("(bool)", "('t')") == "true");
    CHECK(set("(bool, /* ) */ int)", "('t', ' 07')", "$2::text") == "7");
    CHECK(set("(bool)", "(1, 'x')", "$2::text") == "x");
    CHECK(set("(numeric(5, 2), int)", "(1.5, '07')", "$2::text") == "7");
    for (const char* type : {"(uuid)", "(character (3))", "(numeric(5, 2))", "(int[])", "(\"text\")"})
        CHECK(set(type, "('1')") == "?");
    CHECK(set("(uuid)", "(null)") == "null");
    CHECK(set("", "('a', 'b'", "$2::text") == "?");
    CHECK(set("", "", "$1::text") == "?");
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

TEST_CASE("advisory locks: counted where the text tells") {
    CHECK_ACT("select pg_advisory_lock(1, 2)", Act::lock, "1,2");
    CHECK_ACT("SELECT pg_catalog.PG_TRY_ADVISORY_LOCK( 42 ) AS locked", Act::try_lock, "42");
    CHECK_ACT("select pg_advisory_lock_shared(hashtext('a b'))", Act::lock_shared, "hashtext('a b')");
    CHECK_ACT("select pg_advisory_lock('t'::regclass::bigint)", Act::lock, "'t'::regclass::bigint");
    CHECK_ACT("select pg_advisory_lock($1)", Act::lock, "");
    CHECK_ACT("select pg_advisory_lock(id) from t", Act::lock, "");
    CHECK_ACT("select pg_advisory_lock(1 + id)", Act::lock, "");
    CHECK_ACT("select case when pg_try_advisory_lock(1) then 1 end", Act::try_lock, "");
    CHECK_ACT("select \"pg_advisory_lock\"(1)", Act::lock, "1");
    CHECK_ACT("select pg_advisory_unlock(1)", Act::unlock, "1");
    CHECK_ACT("select pg_advisory_unlock($1)", Act::unlock, "");
    CHECK_ACT("select pg_advisory_unlock(1) where false", Act::unlock, "");
    CHECK_ACT("select pg_advisory_unlock_all()", Act::unlock_all, "");
    CHECK(read("select pg_advisory_unlock_all() from t").empty());
}

TEST_CASE("advisory locks: equal ones have equal keys, and others have not") {
    auto key = [](const char* sql, const std::vector<const char*>& values = {}) {
        return only(sql, values).key;
    };
    for (const char* argument :
         {"1::bigint", " 01 ", "'1'", "1 :: int8", "$1", "$1::bigint", "$2", "$3::int"}) {
        CAPTURE(std::string(argument));
        CHECK(key(("select pg_advisory_lock(" + std::string(argument) + ")").c_str(), {"1", " 1", "+01"}) ==
              "1");
    }
    CHECK(key("select pg_advisory_lock(-1)") == key("select pg_advisory_lock($1)", {"-1"}));
    CHECK(key("select pg_advisory_lock(1, 2)") == key("select pg_advisory_lock($1::int, $2)", {"1", "2"}));
    CHECK(key("select pg_advisory_lock(hashtext('it''s'))") ==
          key("select pg_advisory_lock(hashtext($1))", {"it's"}));
    CHECK(key("select pg_advisory_lock(hashtext('1'))") ==
          key("select pg_advisory_lock(hashtext($1))", {"1"}));
    CHECK(key("select pg_advisory_lock(hashtext('1'))") !=
          key("select pg_advisory_lock(hashtext($1))", {"01"}));
    auto hashed = [](unsigned type, const char* value) {
        return only_typed("select pg_advisory_lock(hashtext($1::text))", type, value).key;
    };
    CHECK(hashed(23, "07") == hashed(25, "7"));
    CHECK(hashed(16, "t") == hashed(25, "true"));
    CHECK(hashed(1700, "7") == "");
    for (const char* unknown : {"$1 + 1", "5-$1", "$2", "id", "$1::text::regclass::oid::bigint, id"}) {
        CAPTURE(std::string(unknown));
        CHECK(key(("select pg_advisory_lock(" + std::string(unknown) + ")").c_str(), {"-3"}) == "");
    }
    CHECK(read("select pg_try_advisory_lock(1), pg_try_advisory_lock_shared(2)")[1].column == 1);
    CHECK(only("explain analyze select pg_try_advisory_lock(1)").column == -1);
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

TEST_CASE("calls of functions of the program's own") {
    for (std::string_view sql : {"select login('x')", "select * from app.login ($1)", "SELECT \"Login\"(), 1",
                                 "call p()", "explain analyze select login(1)", "select 1; select login(1)"})
        CHECK_ACT(sql, Act::hidden, "");
    for (std::string_view sql :
         {"select count(*) from t", "select * from t", "select coalesce(a, b)", "select a from t",
          "select pg_catalog.anything(1)", "select pg_size_pretty(1)", "select (1)",
          "select * from (select 1) a", "select a.b, c (d)", "insert into t (a) values (login(1))",
          "explain select login(1)"})
        CHECK(read(sql).empty());
    for (std::string_view sql :
         {"select\"my login\" (1)", "select \"a\".\"my \"\"login\"(1)", "select /* f */ f/**/(1)",
          "select * -- f\n from f(1)", "select *\nFROM\tF\n(1)", "select to_tenant(1)",
          "select has_tenant_(1)", "select stddev_of(1)", "select f . g (1)"})
        CHECK_ACT(sql, Act::hidden, "");
    for (std::string_view sql :
         {"select \"a b\".\"c\" from t where (x)", "select *", "select * from", "select", "select \"",
          "select case (a) when 1 then 2 end", "select Pg_Catalog.f(1)", "select COUNT (*)"})
        CHECK(read(sql).empty());
    CHECK_FALSE(only("prepare p as select login($1)").is_harmless);
    for (std::string_view sql : {"declare c cursor for select login()",
                                 "create table t as select login()",
                                 "copy (select login()) to stdout",
                                 "create materialized view v as (select login())",
                                 "with w as (select login()) select * from w",
                                 "with w as (select 1) select login()",
                                 "(select login())",
                                 "((select login()))",
                                 "select distinct login()",
                                 "select all login()",
                                 "select (login()).*",
                                 "select (app.login())",
                                 "select (select login())",
                                 "select from login()",
                                 "select * from (select login()) a",
                                 "select * from lateral login()",
                                 "values (login())",
                                 "explain analyze with w as (select login()) table w",
                                 "select pg_mylogin()",
                                 "select pg_login('x')"})
        CHECK_ACT(sql, Act::hidden, "");
    CHECK(read("execute p(login())")[0].act == Act::hidden);
    for (std::string_view sql : {"select distinct on (a) login(b) from t",
                                 "select distinct on (lower(a)) b from t",
                                 "select distinct count(a)",
                                 "select distinct (a), b (c)",
                                 "select (a + b) * c (d)",
                                 "select (select count(*) from t)",
                                 "select exists (select f(1))",
                                 "select t.a from t where f(x)",
                                 "select * from t join f(1) on true",
                                 "select a from (select count(*) from t) x",
                                 "with w as (select lower(a) from t) select * from w",
                                 "copy t (a) from stdin",
                                 "insert into t values (login())",
                                 "insert into t select login(); select 1",
                                 "values (1, login())",
                                 "values (lower('x'))",
                                 "select pg_get_userbyid(1)",
                                 "select pg_sleep(1)",
                                 "select pg_typeof(f(1))",
                                 "select pg_advisory_xact_lock_shared(1)",
                                 "select pg_stat_get_xact_function_total_time(1)",
                                 "explain with w as (select login()) table w"})
        CHECK(read(sql).empty());
}

TEST_CASE("functions that leave behind what nobody can read or make again") {
    for (std::string_view sql : {"select pg_backup_start('x')", "select pg_start_backup('x', true, false)",
                                 "select pg_create_physical_replication_slot('x', false, true)",
                                 "select * from pg_create_logical_replication_slot('x', 'y', $1)",
                                 "select pg_create_logical_replication_slot('x', 'y', true, false)",
                                 "select pg_create_physical_replication_slot('x', temporary => true)",
                                 "select pg_copy_physical_replication_slot('x', 'y', true)",
                                 "CREATE_REPLICATION_SLOT x TEMPORARY PHYSICAL"})
        CHECK_ACT(sql, Act::unclear_at_once, "");
    for (std::string_view sql : {"select pg_create_physical_replication_slot('x')",
                                 "select pg_create_physical_replication_slot('x', true, false)",
                                 "select pg_create_logical_replication_slot('x', 'y', 'off', true)",
                                 "create_replication_slot x logical y"})
        CHECK(read(sql).empty());
    CHECK_ACT("alter table t add a text default set_config('a', 'b', false)", Act::set_unknown, "a");
    CHECK_ACT("alter table t alter a type text using set_config('a', 'b', false)", Act::set_unknown, "a");
    CHECK_ACT("alter table t add a bool default pg_try_advisory_lock(9)", Act::try_lock, "");
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
