#include "tests/unit/session/sql/told.hh"

using namespace pqsweep;
using namespace pqsweep::tests;

TEST_SUITE_BEGIN("unit: functions");

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

TEST_SUITE_END();
