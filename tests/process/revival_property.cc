// Runs random statements on two connections and sweeps one of them at random moments. After every step both
// sessions look the same, or the swept one has reported a good reason why it could not be restored.
#include "tests/support/program.hh"
#include "tests/support/server.hh"

#include <doctest/doctest.h>
#include <random>

using namespace pqsweep::tests;

namespace {

constexpr const char* statements[] = {
    "set statement_timeout = '7s'",
    "set session statement_timeout to 8000",
    "set local statement_timeout = '9s'",
    "reset statement_timeout",
    "set lock_timeout to default",
    "set lock_timeout = 100",
    "set search_path to pg_catalog, public",
    "set schema 'public'",
    "set time zone 'Asia/Tokyo'",
    "set \"TimeZone\" = 'UTC'",
    "set names 'LATIN1'",
    "set custom.thing = 'it''s; -- fine'",
    "reset custom.thing",
    "set session characteristics as transaction read only",
    "set session characteristics as transaction read write",
    "set role pg_monitor",
    "reset role",
    "reset all",
    "select set_config('work_mem', '5MB', false)",
    "select set_config('work_mem', '6MB', true)",
    "begin",
    "start transaction",
    "commit",
    "end",
    "rollback",
    "abort",
    "savepoint a",
    "savepoint b",
    "rollback to a",
    "rollback to savepoint b",
    "release a",
    "release savepoint b",
    "select 1/0",
    "nonsense",
    "prepare one as select 1",
    "prepare two(int) as select $1 + 1",
    "deallocate one",
    "deallocate prepare two",
    "deallocate all",
    "listen x",
    "listen \"Y y\"",
    "unlisten x",
    "unlisten *",
    "discard all",
    "discard plans",
    "begin; set lock_timeout = 200; commit",
    "begin; set lock_timeout = 300; rollback",
    "set lock_timeout = 400; listen x",
    "set lock_timeout = 500; select 1/0",
    "/* set lock_timeout = 600 */ select 'set lock_timeout = 700'",
    "do $$ begin null; end $$",
    "create temp table t(i int)",
    "drop table t",
    "create temp table dropped(i int) on commit drop",
    "select pg_advisory_lock_shared(1)",
    "select pg_advisory_unlock_shared(1)",
    "select pg_advisory_unlock_all()",
    "declare held cursor with hold for select 1",
    "close held",
    "close all",
};

// Returns everything of a session that a program can see.
constexpr const char* visible =
    "select concat_ws(' | ',"
    " (select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where source = "
    "'session'),"
    " nullif(current_setting('custom.thing', true), ''), current_user,"
    " (select string_agg(name || ':' || statement, ' ' order by name) from pg_prepared_statements),"
    " (select string_agg(c, ' ' order by c) from pg_listening_channels() c))";

struct Session {
    explicit Session(const Environment& environment) : client({"client"}, environment) { open(); }
    void open() {
        client.say("finish c");
        REQUIRE(client.say("open c") == "ok");
    }
    std::string run(const std::string& sql) { return client.say("exec c " + sql); }
    Program client;
};

// Returns whether the session that was never swept has what the other one reports as not restorable.
bool is_true(Session& reference, const std::string& answer, const std::string& history) {
    auto has = [&](const std::string& sql) { return reference.run(sql) == "PGRES_TUPLES_OK t"; };
    auto says = [&](const char* words) { return answer.find(words) != std::string::npos; };
    if (says("transaction open"))
        return reference.client.say("transaction c") == "other";
    if (says("temporary table"))
        return has("select exists(select from pg_class where relpersistence = 't')");
    if (says("advisory lock"))
        return has(
            "select exists(select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())");
    if (says("cursor WITH HOLD"))
        return has("select exists(select from pg_cursors where is_holdable)");
    if (says("listened"))
        return has("select exists(select from pg_listening_channels())");
    // When a text with transaction control fails, only the server knows how far it came.
    if (says("not known for certain"))
        return history.find("begin;") != std::string::npos;
    return false;
}

} // namespace

TEST_SUITE_BEGIN("process: revival property");

TEST_CASE("random statements, random sweeps") {
    for (unsigned seed = 1; seed <= 12; seed++) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Session reference({});
        Session swept({{"PQSWEEP_TAG", "start"}, {"PQSWEEP_REPORT", "never"}, {"PQSWEEP_GRACE", "0"}});
        std::string history;
        int tag = 0, told = 0;
        for (int step = 0; step < 250; step++) {
            bool sweeps = random() % 4 == 0;
            if (sweeps)
                swept.client.say("setenv PQSWEEP_TAG " + std::to_string(tag++));
            // Statements that end transactions must come often enough.
            std::string sql = random() % 5 == 0 ? "rollback" : statements[random() % std::size(statements)];
            history += (sweeps ? "(swept) " : "") + sql + "\n";
            CAPTURE(history);
            std::string got = swept.run(sql);
            if (got.find("57P01") != std::string::npos) {
                told++;
                CAPTURE(got);
                CHECK(is_true(reference, got, history));
                reference.open();
                swept.open();
                history.clear();
                continue;
            }
            REQUIRE(got == reference.run(sql));
            if (reference.client.say("transaction c") == "idle")
                REQUIRE(swept.run(visible) == reference.run(visible));
        }
        CHECK(told < 100);
    }
}

TEST_SUITE_END();
