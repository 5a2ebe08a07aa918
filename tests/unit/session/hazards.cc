#include "tests/unit/session/fresh_session.hh"

using namespace pqsweep;

TEST_SUITE_BEGIN("unit: hazards");

TEST_CASE("execution of a statement that was prepared: what its tag may mean") {
    Fresh s;
    auto prepares = [&](const char* sql) {
        s->sends_prepare("", sql, 0, nullptr);
        s->gets(true, "");
    };
    auto executes = [&](std::string_view tag, bool in_transaction = false) {
        s->sends_other();
        s->gets(true, tag);
        s->settles(in_transaction);
    };
    prepares("select 1");
    executes("SELECT 1");
    CHECK(s.is_zero());
    SUBCASE("a lock") {
        prepares("select pg_try_advisory_lock($1)");
        executes("BEGIN", true);
        executes("COMMIT");
        CHECK(s.loss() == Loss::none);
        executes("INSERT 0 1"); // ... SELECT pg_try_advisory_lock($1)
        CHECK(s.loss() == Loss::advisory_lock);
        for (int i = 0; i < 5000; i++)
            executes("SELECT 1");
        s.runs("select pg_advisory_unlock_all()");
        CHECK(s.loss() == Loss::none);
    }
    SUBCASE("a lock, though it failed") {
        prepares("select pg_advisory_lock($1), 1 / $2");
        s->sends_other();
        s->gets(false, "");
        CHECK(s.loss() == Loss::unclear);
    }
    SUBCASE("a lock, through SQL") {
        s.runs("prepare p as select pg_advisory_lock($1)").runs("execute p (1)", false, true, "SELECT 1");
        CHECK(s.loss() == Loss::advisory_lock);
    }
    SUBCASE("a setting") {
        prepares("set a = 1");
        executes("SELECT 1");
        CHECK(s.loss() == Loss::none);
        executes("SET");
        CHECK(s.loss() == Loss::unclear);
        executes("DISCARD ALL");
        CHECK(s.is_zero());
    }
    SUBCASE("a savepoint that a rollback in SQL then finds") {
        s.begun("begin").begun("savepoint p").begun("set a = 1");
        prepares("savepoint p");
        executes("SAVEPOINT", true);
        s.begun("rollback to p").runs("commit");
        CHECK(s.loss() == Loss::unclear);
    }
    SUBCASE("a setting by its function") {
        prepares("select set_config($1, $2, false)");
        executes("SELECT 1");
        CHECK(s.loss() == Loss::unclear);
        s.runs("reset all");
        CHECK(s.loss() == Loss::none);
    }
    SUBCASE("a setting by its function, with literals") {
        prepares("select set_config('a', 'b', false)");
        executes("SELECT 1");
        CHECK(s.loss() == Loss::unclear);
    }
    SUBCASE("a temporary table") {
        prepares("create temp table a (x int)");
        executes("CREATE TABLE");
        CHECK(s.loss() == Loss::temporary_table);
        s.runs("discard all");
        prepares("create temp table a (x int)");
        s.begun("begin");
        executes("CREATE TABLE", true);
        s.runs("rollback");
        CHECK(s.loss() == Loss::none);
    }
    SUBCASE("a cursor") {
        prepares("declare c cursor with hold for select 1");
        executes("DECLARE CURSOR");
        CHECK(s.loss() == Loss::held_cursor);
    }
    SUBCASE("a transaction") {
        prepares("begin");
        executes("BEGIN", true);
        s.begun("set a = 1");
        executes("COMMIT");
        CHECK(s.replay() == "set a = 1; ");
        executes("BEGIN", true);
        s.begun("set a = 2");
        executes("ROLLBACK");
        CHECK(s.loss() == Loss::unclear);
    }
}

TEST_SUITE_END();
