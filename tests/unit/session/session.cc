#include "tests/unit/session/fresh_session.hh"

#include <malloc.h>
#include <random>

using namespace pqsweep;

TEST_SUITE_BEGIN("unit: session");

TEST_CASE("a fresh one is empty, and is again after what leaves nothing") {
    Fresh s;
    CHECK(s->is_empty());
    CHECK(s.loss() == Loss::none);
    s.runs("select 1").fails("selec").runs("").begun("begin").begun("savepoint a").runs("commit");
    CHECK(s->is_empty());
    CHECK(s.is_zero());
    s->sends("select 1");
    CHECK_FALSE(s->is_empty());
    s->gets(true, "SELECT 1");
    CHECK(s->is_empty());
    s->gets(true, "SELECT 1"); // nothing was sent
    s.runs("set a = 1").runs("reset a");
    CHECK(s.is_zero());
}

TEST_CASE("outcomes that never come") {
    Fresh s;
    s->sends("select 1");
    s->sends_other();
    s->settles(false);
    CHECK(s.is_zero());
    s->sends("set a = 1");
    s->settles(false);
    CHECK(s.loss() == Loss::unclear);
    CHECK(s.replay() == "");
    s.runs("discard all");
    s->sends("begin");
    s->settles(true);
    CHECK(s.loss() == Loss::none);
    s.begun("set a = 1");
    s->sends("commit");
    s->settles(false);
    CHECK(s.loss() == Loss::unclear);
}

TEST_CASE("a pipeline: outcomes in the order of what was sent") {
    Fresh s;
    for (const char* sql : {"select 1", "begin", "set a = 1", "select 2", "select 3", "commit", "set b = 1"})
        s->sends(sql);
    s->sends_prepare("p", "select 1", 0, nullptr);
    s->sends_other();
    for (const char* tag :
         {"SELECT 1", "BEGIN", "SET", "SELECT 1", "SELECT 1", "COMMIT", "SET", "", "SELECT 1"})
        s->gets(true, tag);
    s->settles(false);
    CHECK(s.replay() == "set a = 1; Parse p: select 1; set b = 1; ");
    CHECK(s.loss() == Loss::none);
}

TEST_CASE("a pipeline: a failure may undo what came before it") {
    Fresh s;
    for (const char* sql : {"set a = 1", "selec", "set b = 1"})
        s->sends(sql);
    s->gets(true, "SET");
    CHECK(s.replay() == "");
    SUBCASE("without a transaction, all since the last Sync") {
        s->gets(false, "");
        s->gets(false, "");
        s->settles(false);
        CHECK(s.replay() == "");
        CHECK(s.loss() == Loss::none);
    }
    SUBCASE("not what a Sync has ended") {
        s->syncs();
        s->gets(false, "");
        s->gets(false, "");
        s->syncs();
        CHECK(s.replay() == "set a = 1; ");
        CHECK(s.loss() == Loss::none);
    }
    SUBCASE("no failure") {
        s->gets(true, "");
        s->gets(true, "");
        s->syncs();
        CHECK(s.replay() == "set a = 1; set b = 1; ");
        CHECK(s.loss() == Loss::none);
    }
}

TEST_CASE("a pipeline: in a transaction, a failure undoes it, and a COMMIT not reached does not end it") {
    Fresh s;
    for (const char* sql : {"begin", "set a = 1", "savepoint p", "selec", "commit"})
        s->sends(sql);
    for (bool ok : {true, true, true, false, false})
        s->gets(ok, "");
    s->settles(true);
    s.begun("rollback to p").runs("commit", false, true, "COMMIT");
    CHECK(s.replay() == "set a = 1; ");
    CHECK(s.loss() == Loss::none);
}

TEST_CASE("a pipeline: a rollback may undo what came before BEGIN") {
    Fresh s;
    for (const char* sql : {"set a = 1", "begin", "rollback"})
        s->sends(sql);
    for (const char* tag : {"SET", "BEGIN", "ROLLBACK"})
        s->gets(true, tag);
    s->settles(false);
    CHECK(s.loss() == Loss::unclear);
}

TEST_CASE("too much: all is given up until DISCARD ALL") {
    Fresh s;
    std::string big(10000, 'x');
    for (int i = 0; i < 110; i++)
        s.runs("set a.b" + std::to_string(i) + " = '" + big + "'");
    CHECK(s.loss() == Loss::too_much);
    CHECK(s.replay() == "");
    s.runs("set a = 1")
        .runs("reset all")
        .runs("create temp table a (b int)")
        .begun("begin")
        .begun("savepoint a")
        .runs("rollback");
    CHECK(s.loss() == Loss::too_much);
    s.runs("discard all");
    CHECK(s.is_zero());
    s.runs("set a = '" + std::string(Session::most_bytes, 'x') + "'");
    CHECK(s.loss() == Loss::too_much);
    s->forget();
    CHECK(s.is_zero());
    for (int i = 0; i < 10000; i++) // a replaced value takes no more room
        s.runs("set a = '" + big + "'");
    CHECK(s.loss() == Loss::none);
    // What the session gave up is newer than the DISCARD ALL.
    s->sends("discard all");
    s->sends("set b = '" + std::string(Session::most_bytes, 'x') + "'");
    s->gets(true, "DISCARD ALL");
    s->gets(true, "SET");
    CHECK(s.loss() == Loss::too_much);
}

TEST_CASE("statements without effect allocate nothing") {
    Fresh s;
    size_t before = mallinfo2().uordblks;
    s->sends("select set_config, 'begin; set a = 1' from t; insert into temp values ($1)");
    s->sends_other();
    CHECK(mallinfo2().uordblks == before);
    s->gets(true, "INSERT 0 1");
    s->gets(true, "");
    CHECK(s.is_zero());
}

TEST_CASE("anything in any order: no leak, no crash, and DISCARD ALL mends all") {
    std::mt19937 random(7);
    auto below = [&](size_t n) { return random() % n; };
    const char* texts[] = {"begin",
                           "commit",
                           "rollback",
                           "savepoint a",
                           "savepoint b",
                           "rollback to a",
                           "release a",
                           "release b",
                           "set a = 1",
                           "set b = 1",
                           "reset a",
                           "reset all",
                           "listen a",
                           "unlisten *",
                           "prepare a as select 1",
                           "deallocate all",
                           "create temp table a (b int)",
                           "drop table a",
                           "select pg_advisory_lock(1)",
                           "select pg_advisory_unlock(1)",
                           "declare a cursor with hold for select 1",
                           "close a",
                           "execute a",
                           "begin; set c = 1; savepoint a; set d = 1",
                           "commit; set e = 1",
                           "set f = 1; rollback; set g = 1",
                           "select 1",
                           "prepare transaction 'a'",
                           "commit and chain",
                           "discard all",
                           "load 'a'",
                           "do 'begin set a = 1; end'",
                           "select set_config('a', $1, false)",
                           "begin; select 1/0",
                           "prepare b as select pg_advisory_lock(1)"};
    const char* tags[] = {"",         "SET",         "SELECT 1",     "BEGIN",         "COMMIT",
                          "ROLLBACK", "DISCARD ALL", "CREATE TABLE", "DECLARE CURSOR"};
    Fresh s;
    for (int i = 0; i < 100000; i++) {
        size_t choice = below(20);
        if (choice < 9)
            s->sends(texts[below(std::size(texts))]);
        else if (choice < 17)
            s->gets(below(8) != 0, tags[below(std::size(tags))]);
        else if (choice == 17)
            s->sends_prepare(below(2) ? "p" : "", texts[below(std::size(texts))], 0, nullptr);
        else if (choice == 18)
            below(2) ? s->sends_execute(below(2) ? "p" : "", {}) : s->sends_close("p");
        else if (below(2))
            s->settles(below(2));
        else
            s->loss();
        if (i % 1000 == 999) {
            s->settles(false);
            s.runs("discard all");
            CHECK(s.loss() == Loss::none);
            std::string left = s.replay();
            CHECK((left.empty() || left == "load 'a'; "));
            s->forget();
            CHECK(s.is_zero());
        }
    }
}

TEST_CASE("time-outs: of the session, of a transaction until it ends, of what is under way") {
    Fresh s;
    auto has = [&] { return s->has_timeout(); };
    CHECK_FALSE(has());
    for (const char* sql :
         {"set lock_timeout = '3s'", "SET SESSION \"statement_timeout\" TO 10",
          "set transaction_timeout = '1.5min'", "select set_config('Lock_Timeout', '3s', false)"})
        CHECK(s.runs(sql)->has_timeout());
    for (const char* sql :
         {"set lock_timeout = 0", "set statement_timeout to '0ms'", "reset transaction_timeout"})
        s.runs(sql);
    CHECK_FALSE(has());
    s.runs("select set_config('lock_timeout', upper($1), false)");
    CHECK(has());
    s.runs("select set_config('lock_timeout', '0', false)");
    CHECK_FALSE(has());
    for (const char* sql :
         {"set local lock_timeout = '3s'", "select set_config('lock_timeout', '3s', true)"}) {
        CAPTURE(sql);
        CHECK(s.begun("begin").begun(sql)->has_timeout());
        CHECK_FALSE(s.runs("commit")->has_timeout());
        CHECK(s.begun("begin").begun("savepoint a").begun(sql)->has_timeout());
        CHECK_FALSE(s.begun("rollback to a")->has_timeout());
        CHECK(s.begun(sql)->has_timeout());
        CHECK_FALSE(s.begun("set local lock_timeout = 0")->has_timeout());
        CHECK_FALSE(s.runs("rollback")->has_timeout());
    }
    s.runs("set lock_timeout = '3s'").begun("begin").begun("set local lock_timeout = 0");
    CHECK_FALSE(has());
    s.runs("commit");
    CHECK(has());
    CHECK(s.replay().find("set lock_timeout = '3s'; ") != std::string::npos);
    s.runs("discard all");
    s->sends("begin; set local lock_timeout = '3s'; lock table t; commit");
    CHECK(has());
    s->gets(true, "COMMIT");
    s->settles(false);
    CHECK_FALSE(has());
    CHECK(s.loss() == Loss::none);
}

TEST_CASE("a text that sets a time-out for its other statements") {
    CHECK(Session::sets_timeout("begin; set local lock_timeout = '3s'; drop table t; commit", {}));
    CHECK(Session::sets_timeout("select set_config('statement_timeout', '3s', true); drop table t", {}));
    CHECK_FALSE(Session::sets_timeout("set lock_timeout = 0; drop table t", {}));
    CHECK_FALSE(Session::sets_timeout("set work_mem = '3MB'; drop table t", {}));
}

TEST_SUITE_END();
