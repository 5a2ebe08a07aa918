#include "session.hh"

#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <malloc.h>
#include <random>
#include <string>
#include <vector>

using namespace pqsweep;

namespace {

// A session in zeroed memory, as the table has it.
struct Fresh {
    Session* session = static_cast<Session*>(calloc(1, sizeof(Session)));
    Fresh() = default;
    Fresh(const Fresh&) = delete;
    Fresh& operator=(const Fresh&) = delete;
    ~Fresh() {
        session->forget();
        free(session);
    }
    Session* operator->() const { return session; }

    // Outside a pipeline: each text has its outcome before the next one, and the server's word follows it.
    Fresh& runs(std::string_view sql, bool in_transaction = false, bool ok = true,
                std::string_view tag = "") {
        session->sends(sql);
        session->gets(ok, tag);
        session->settles(in_transaction);
        return *this;
    }
    Fresh& fails(std::string_view sql, bool in_transaction = false) {
        return runs(sql, in_transaction, false);
    }
    Fresh& begun(std::string_view sql) { return runs(sql, true); }

    std::string replay() const {
        std::string all;
        session->each(
            [&](std::string_view sql) {
                CHECK(strlen(sql.data()) == sql.size());
                all.append(sql).append("; ");
            },
            [&](const char* name, const char* sql, int n, const unsigned* types) {
                all.append("Parse ").append(name).append(": ").append(sql);
                CHECK((n > 0) == (types != nullptr));
                for (int i = 0; i < n; i++)
                    all.append(" ").append(std::to_string(types[i]));
                all.append("; ");
            });
        return all;
    }
    Loss loss() const { return session->loss(); }
    bool is_zero() const {
        const Session zero{};
        return memcmp(static_cast<const void*>(session), static_cast<const void*>(&zero), sizeof zero) == 0;
    }
};

} // namespace

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

TEST_CASE("words for each loss") {
    CHECK(words_for(Loss::none) == "");
    CHECK(words_for(Loss::temporary_table) == "it had a temporary table");
    CHECK(words_for(Loss::advisory_lock) == "it held a session advisory lock");
    CHECK(words_for(Loss::held_cursor) == "it had a cursor WITH HOLD");
    CHECK(words_for(Loss::unclear) == "its session state is not known for certain");
    CHECK(words_for(Loss::too_much) == "its session state was too much to remember");
}

TEST_CASE("settings: the last one counts, and what resets them") {
    Fresh s;
    s.runs("set a = 1").runs("SET B TO 2;").runs("set A = 3").fails("set c = 4");
    CHECK(s.replay() == "SET B TO 2; set A = 3; ");
    s.runs("set timezone = 'UTC'").runs("set time zone 'CET'").runs("set names 'utf8'");
    s.runs("reset client_encoding").runs("set b to default");
    CHECK(s.replay() == "set A = 3; set time zone 'CET'; ");
    s.runs("set session authorization x").runs("set role y").runs("reset all");
    CHECK(s.replay() == "set session authorization x; set role y; ");
    s.runs("set session authorization z");
    CHECK(s.replay() == "set session authorization z; ");
    s.runs("set role y").runs("reset role").runs("reset session authorization");
    CHECK(s.is_zero());
}

TEST_CASE("settings: in a transaction, they count once it is committed") {
    Fresh s;
    s.begun("begin").begun("set a = 1");
    CHECK(s.replay() == "");
    s.runs("commit", false, true, "COMMIT");
    CHECK(s.replay() == "set a = 1; ");
    s.begun("begin").begun("set a = 2").begun("reset all").runs("rollback");
    CHECK(s.replay() == "set a = 1; ");
    s.begun("begin").begun("set a = 2").fails("selec", true).runs("commit", false, true, "ROLLBACK");
    CHECK(s.replay() == "set a = 1; ");
    s.begun("begin").begun("set a = 2").fails("commit"); // a deferred constraint
    CHECK(s.replay() == "set a = 1; ");
    CHECK(s.loss() == Loss::none);
    s.begun("begin").begun("reset a").runs("end");
    CHECK(s.is_zero());
    s.begun("begin")
        .begun("set a = 1")
        .runs("commit and chain", true)
        .begun("set b = 1")
        .runs("rollback and chain", true);
    s.begun("set c = 1").runs("commit");
    CHECK(s.replay() == "set a = 1; set c = 1; ");
}

TEST_CASE("savepoints: nested, released, and with the same name") {
    Fresh s;
    s.begun("begin")
        .begun("set a = 1")
        .begun("savepoint p")
        .begun("set b = 1")
        .begun("savepoint q")
        .begun("set c = 1");
    SUBCASE("all are kept") {
        s.runs("commit");
        CHECK(s.replay() == "set a = 1; set b = 1; set c = 1; ");
    }
    SUBCASE("back to the outer one, twice") {
        s.begun("rollback to p").begun("set d = 1").begun("rollback to savepoint p").runs("commit");
        CHECK(s.replay() == "set a = 1; ");
    }
    SUBCASE("back to the inner one after an error") {
        s.fails("selec", true)
            .fails("set e = 1", true)
            .begun("rollback to q")
            .begun("set f = 1")
            .runs("commit", false, true, "COMMIT");
        CHECK(s.replay() == "set a = 1; set b = 1; set f = 1; ");
    }
    SUBCASE("released, with those in it") {
        s.begun("release p").begun("savepoint r").begun("set d = 1").begun("rollback to r").runs("commit");
        CHECK(s.replay() == "set a = 1; set b = 1; set c = 1; ");
    }
    SUBCASE("the same name hides the outer one until it is released") {
        s.begun("savepoint p")
            .begun("set d = 1")
            .begun("rollback to p")
            .begun("release p")
            .begun("rollback to p")
            .runs("commit");
        CHECK(s.replay() == "set a = 1; ");
    }
    SUBCASE("the same one over and over takes no room") {
        for (int i = 0; i < 5000; i++)
            s.begun("savepoint p");
        s.begun("set d = 1")
            .begun("rollback to p")
            .begun("release p")
            .begun("set e = 1")
            .begun("rollback to p")
            .runs("commit");
        CHECK(s.replay() == "set a = 1; set b = 1; set c = 1; ");
        CHECK(s.loss() == Loss::none);
    }
    SUBCASE("one that nobody has seen") {
        s.begun("rollback to x").runs("commit");
        CHECK(s.replay() == "");
        CHECK(s.loss() == Loss::unclear);
    }
}

TEST_CASE("listening: with the transaction") {
    Fresh s;
    s.runs("listen a")
        .runs("LISTEN A")
        .runs("listen \"B\"")
        .begun("begin")
        .begun("listen c")
        .runs("rollback");
    CHECK(s.replay() == "LISTEN A; listen \"B\"; ");
    s.runs("unlisten a");
    CHECK(s.replay() == "listen \"B\"; ");
    s.begun("begin").begun("unlisten *").runs("rollback");
    CHECK(s.replay() == "listen \"B\"; ");
    s.runs("unlisten *");
    CHECK(s.is_zero());
}

TEST_CASE("prepared statements: by SQL and through libpq, with or without the transaction") {
    Fresh s;
    unsigned types[] = {23, 25};
    s.begun("begin").begun("prepare a as select 1");
    s->sends_prepare("B", "select $1, $2", 2, types);
    s->gets(true, "");
    s->sends_prepare("", "select 1", 0, nullptr);
    s->gets(true, "");
    s->sends_prepare("c", "selec", 0, nullptr);
    s->gets(false, "");
    s.runs("rollback");
    CHECK(s.replay() == "prepare a as select 1; Parse B: select $1, $2 23 25; ");
    s.runs("set x = 1").runs("deallocate \"B\"");
    CHECK(s.replay() == "set x = 1; prepare a as select 1; ");
    s->sends_close("a");
    s->gets(true, "");
    s->sends_close("");
    s->gets(true, "");
    CHECK(s.replay() == "set x = 1; ");
    s->sends_prepare("d", "select $1", 1, nullptr);
    s->gets(true, "");
    CHECK(s.replay() == "set x = 1; Parse d: select $1; ");
    s.runs("deallocate all").runs("reset x");
    CHECK(s.is_zero());
}

TEST_CASE("order: libraries, settings, prepared statements, channels") {
    Fresh s;
    s.runs("listen a").runs("prepare p as select 1").runs("set b = 1").runs("load 'x'");
    CHECK(s.replay() == "load 'x'; set b = 1; prepare p as select 1; listen a; ");
    s.runs("discard all");
    CHECK(s.replay() == "load 'x'; ");
}

TEST_CASE("set_config: known, or a loss until it is reset") {
    Fresh s;
    s.runs("select pg_catalog.set_config('search_path', '', false)")
        .runs("select set_config('a.b', 'c', true)");
    CHECK(s.replay() == "SELECT pg_catalog.set_config('search_path', '', false); ");
    s.runs("select set_config('a.b', $1, false)");
    CHECK(s.loss() == Loss::unclear);
    s.runs("set a.b = 1").runs("set search_path = a");
    CHECK(s.loss() == Loss::none);
    CHECK(s.replay() == "set a.b = 1; set search_path = a; ");
    s.runs("select set_config($1, $2, false)");
    CHECK(s.loss() == Loss::unclear);
    s.begun("begin").begun("reset all").runs("rollback");
    CHECK(s.loss() == Loss::unclear);
    s.runs("reset all");
    CHECK(s.is_zero());
    s.begun("begin").begun("select set_config($1, $2, false)").runs("rollback");
    CHECK(s.is_zero());
}

TEST_CASE("temporary tables: a loss once committed, until each is dropped") {
    Fresh s;
    s.begun("begin").begun("create temp table a (x int)");
    CHECK(s.loss() == Loss::none);
    s.runs("commit");
    CHECK(s.loss() == Loss::temporary_table);
    s.runs("select 1 into temp b").runs("drop table a").runs("drop table c");
    CHECK(s.loss() == Loss::temporary_table);
    s.begun("begin").begun("drop table B").runs("rollback");
    CHECK(s.loss() == Loss::temporary_table);
    s.runs("drop table B");
    CHECK(s.is_zero());
    s.runs("create temp table if not exists a (x int)")
        .runs("create temp table if not exists a (x int)")
        .runs("drop table a");
    CHECK(s.loss() == Loss::none);
    s.runs("create temp table a (x int) on commit drop").fails("create temp table b (x int)");
    CHECK(s.loss() == Loss::none);
    s.runs("create temp table a (x int)").runs("discard temp");
    CHECK(s.is_zero());
}

TEST_CASE("advisory locks: at once, counted by what they are called with") {
    Fresh s;
    s.begun("begin").begun("select pg_advisory_lock(1)").runs("rollback");
    CHECK(s.loss() == Loss::advisory_lock);
    s.runs("select pg_advisory_lock( 1 )").runs("select pg_advisory_unlock(1)");
    CHECK(s.loss() == Loss::advisory_lock);
    s.runs("select pg_advisory_unlock_shared(1)").runs("select pg_advisory_unlock(2)");
    CHECK(s.loss() == Loss::advisory_lock);
    s.runs("select pg_advisory_unlock(1)");
    CHECK(s.is_zero());
    s.runs("select pg_advisory_lock($1)").runs("select pg_advisory_unlock($1)");
    CHECK(s.loss() == Loss::advisory_lock);
    s.runs("select pg_advisory_unlock_all()");
    CHECK(s.is_zero());
    s.runs("select pg_try_advisory_lock_shared(1, 2)").runs("reset all");
    CHECK(s.loss() == Loss::advisory_lock);
    s.runs("discard all");
    CHECK(s.is_zero());
    s.fails("select pg_advisory_lock(1)"); // the lock may be held all the same
    CHECK(s.loss() == Loss::unclear);
}

TEST_CASE("cursors WITH HOLD: at commit, until they are closed") {
    Fresh s;
    s.begun("begin").begun("declare c cursor with hold for select 1").begun("declare d cursor for select 1");
    SUBCASE("rolled back") {
        s.runs("rollback");
    }
    SUBCASE("closed before") {
        s.begun("close c").runs("commit");
    }
    SUBCASE("closed, for good, though that is rolled back") {
        s.runs("commit");
        CHECK(s.loss() == Loss::held_cursor);
        s.begun("begin").begun("close C").runs("rollback");
    }
    SUBCASE("all closed") {
        s.runs("commit").runs("declare e cursor with hold for select 1").runs("close all");
    }
    CHECK(s.is_zero());
}

TEST_CASE("DISCARD ALL forgets all") {
    Fresh s;
    s.runs("set a = 1").runs("listen b").runs("prepare c as select 1").runs("create temp table d (e int)");
    s.runs("declare f cursor with hold for select 1")
        .runs("select pg_advisory_lock(1)")
        .runs("do $$ begin set g = 1; end $$");
    CHECK(s.loss() == Loss::temporary_table);
    s.runs("drop table d");
    CHECK(s.loss() == Loss::advisory_lock);
    s.runs("select pg_advisory_unlock_all()");
    CHECK(s.loss() == Loss::held_cursor);
    s.runs("close all");
    CHECK(s.loss() == Loss::unclear);
    s.fails("discard all");
    CHECK(s.loss() == Loss::unclear);
    s.runs("DISCARD ALL");
    CHECK(s.is_zero());
}

TEST_CASE("several statements: all of them, or none") {
    Fresh s;
    s.runs("set a = 1; set b = 2; listen c");
    CHECK(s.replay() == "set a = 1; set b = 2; listen c; ");
    s.fails("reset a; reset b; select 1/0");
    CHECK(s.replay() == "set a = 1; set b = 2; listen c; ");
    CHECK(s.loss() == Loss::none);
    s.runs("begin; set a = 3; rollback; reset b");
    CHECK(s.replay() == "set a = 1; listen c; ");
    s.runs("set d = 1; begin; set e = 1; rollback"); // the transaction has what is before it
    CHECK(s.replay() == "set a = 1; listen c; ");
    s.runs("begin; set d = 1; commit; set e = 1; rollback; set f = 1");
    CHECK(s.replay() == "set a = 1; set d = 1; set f = 1; listen c; ");
    s.runs("begin; set g = 1", true).runs("set h = 1; commit", false, true, "COMMIT");
    CHECK(s.replay() == "set a = 1; set d = 1; set f = 1; set g = 1; set h = 1; listen c; ");
    CHECK(s.loss() == Loss::none);
}

TEST_CASE("several statements: what is not known when they fail") {
    Fresh s;
    s.fails("begin; select 1/0; commit", true).runs("rollback");
    CHECK(s.is_zero());
    SUBCASE("a setting between transactions' ends") {
        s.fails("begin; set a = 1; commit; select 1/0");
    }
    SUBCASE("a statement prepared before") {
        s.fails("prepare a as select 1; select 1/0");
    }
    SUBCASE("a lock taken before") {
        s.fails("select pg_advisory_lock(1); select 1/0");
    }
    SUBCASE("an end of the transaction before") {
        s.begun("begin").begun("set a = 1").fails("commit; select 1/0");
    }
    CHECK(s.loss() == Loss::unclear);
    CHECK(s.replay() == "");
    s.runs("discard all");
    CHECK(s.is_zero());
}

TEST_CASE("a failed transaction: what follows has no effect until it ends") {
    Fresh s;
    s.begun("begin").begun("set a = 1").fails("selec", true);
    s.fails("select pg_advisory_lock(1)", true).fails("prepare a as select 1; select 2", true);
    s.runs("rollback");
    CHECK(s.is_zero());
    s.begun("begin").begun("set a = 1").fails("selec", true).runs("commit; set b = 1");
    CHECK(s.replay() == "set b = 1; ");
}

TEST_CASE("the server's word on the transaction is the truth") {
    Fresh s;
    s.begun("begin").begun("set a = 1");
    s->settles(false);
    CHECK(s.loss() == Loss::unclear);
    s.runs("discard all").begun("begin");
    s->settles(false);
    CHECK(s.is_zero());
    s.begun("select begins()").begun("set a = 1");
    CHECK(s.replay() == "");
    s.runs("rollback");
    CHECK(s.is_zero());
    s.begun("begin").begun("set a = 1").runs("prepare transaction 'x'", false, true, "PREPARE TRANSACTION");
    CHECK(s.loss() == Loss::unclear);
    s.runs("discard all").begun("begin").runs("prepare transaction 'x'");
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
    for (const char* sql : {"select 1", "begin", "set a = 1", "select 2", "select 3", "commit", "listen b"})
        s->sends(sql);
    s->sends_prepare("p", "select 1", 0, nullptr);
    s->sends_other();
    for (const char* tag :
         {"SELECT 1", "BEGIN", "SET", "SELECT 1", "SELECT 1", "COMMIT", "LISTEN", "", "SELECT 1"})
        s->gets(true, tag);
    s->settles(false);
    CHECK(s.replay() == "set a = 1; Parse p: select 1; listen b; ");
    CHECK(s.loss() == Loss::none);
}

TEST_CASE("a pipeline: a failure may undo what came before it") {
    Fresh s;
    for (const char* sql : {"set a = 1", "selec", "set b = 1"})
        s->sends(sql);
    s->gets(true, "SET");
    CHECK(s.replay() == "");
    SUBCASE("without a transaction, that depends on a Sync that is not seen here") {
        s->gets(false, "");
        s->gets(false, "");
        s->settles(false);
        CHECK(s.replay() == "");
        CHECK(s.loss() == Loss::unclear);
    }
    SUBCASE("no failure") {
        s->gets(true, "");
        s->gets(true, "");
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
        executes("INSERT 0 1");
        CHECK(s.loss() == Loss::none);
        executes("SELECT 1");
        CHECK(s.loss() == Loss::advisory_lock);
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

TEST_CASE("too much: all is given up until DISCARD ALL") {
    Fresh s;
    std::string big(1000, 'x');
    for (int i = 0; i < 100; i++)
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
    for (int i = 0; i < 10000; i++) // replaced, it takes no more
        s.runs("set a = '" + big + "'");
    CHECK(s.loss() == Loss::none);
    // What was given up is newer than the DISCARD ALL.
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
            below(2) ? s->sends_other() : s->sends_close("p");
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

TEST_SUITE_END();
