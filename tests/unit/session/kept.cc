#include "tests/unit/session/fresh_session.hh"

using namespace pqsweep;

TEST_SUITE_BEGIN("unit: kept");

TEST_CASE("words for each loss") {
    CHECK(words_for(Loss::none) == "");
    CHECK(words_for(Loss::temporary_table) == "it had a temporary table");
    CHECK(words_for(Loss::advisory_lock) == "it held a session advisory lock");
    CHECK(words_for(Loss::held_cursor) == "it had a cursor WITH HOLD");
    CHECK(words_for(Loss::listening) == "it listened for notifications, and might have missed some");
    CHECK(words_for(Loss::unclear) == "its session state is not known for certain");
    CHECK(words_for(Loss::too_much) ==
          "its prepared statements and settings took more than the 1 MB that pqsweep remembers of a session");
}

TEST_CASE("settings: a custom one that was ever set is empty afterwards, and not unknown") {
    Fresh s;
    SUBCASE("local") {
        s.begun("begin").begun("set local a.b = 1").runs("commit");
    }
    SUBCASE("local, by its function") {
        s.runs("select set_config('a.b', $1, true)");
    }
    SUBCASE("rolled back") {
        s.begun("begin").begun("set a.b = 1").runs("rollback");
    }
    SUBCASE("reset") {
        s.runs("set a.b = 1").runs("reset a.b");
    }
    SUBCASE("reset with all") {
        s.runs("set a.b = 1").runs("reset all");
    }
    SUBCASE("discarded") {
        s.runs("set a.b = 1").runs("discard all");
    }
    CHECK(s.replay() == "reset a.b; ");
    s.runs("set a.b = 2");
    CHECK(s.replay() == "set a.b = 2; ");
}

TEST_CASE("a prepared statement is made under the settings of its time") {
    Fresh s;
    auto past = [&] {
        std::string all;
        s->each_past(
            [&](const char* key, const Note* now) { all.append(key).append(now ? " now; " : " default; "); });
        return all;
    };
    SUBCASE("that another value replaced") {
        s.runs("set search_path = a").runs("set work_mem = 1").runs("prepare p as select 1");
        s.runs("set search_path = b").runs("set work_mem = 2");
        CHECK(s.replay() ==
              "set search_path = a; prepare p as select 1; set search_path = b; set work_mem = 2; ");
        s.runs("set search_path = c").prepares("q", "select 2").runs("set search_path = b");
        std::string replay =
            "set search_path = a; prepare p as select 1; set work_mem = 2; set search_path = c; "
            "Parse q: select 2; set search_path = b; ";
        CHECK(s.replay() == replay);
        for (int i = 0; i < 3; i++)
            s.runs("set search_path = d").runs("set search_path = b");
        CHECK(s.replay() == replay);
        s.runs("deallocate p").runs("deallocate q");
        CHECK(s.replay() == "set work_mem = 2; set search_path = b; ");
    }
    SUBCASE("that a transaction had, and rolled back") {
        s.runs("set timezone = 1")
            .begun("begin")
            .begun("set local time zone 2")
            .begun("prepare p as select 1");
        s.begun("prepare q as select 2")
            .begun("set timezone = 3")
            .begun("prepare r as select 3")
            .runs("rollback");
        CHECK(s.replay() ==
              "set timezone = 1; SET time zone 2; prepare p as select 1; prepare q as select 2; "
              "set timezone = 3; prepare r as select 3; ");
        CHECK(past() == "timezone now; ");
        s.runs("deallocate all");
        CHECK(s.replay() == "set timezone = 1; ");
    }
    SUBCASE("and not under those of a transaction that is over") {
        s.begun("begin").begun("set local search_path = a").begun("prepare p as select 1").runs("rollback");
        s.runs("prepare q as select 2").runs("prepare r as select 3");
        CHECK(s.replay() ==
              "SET search_path = a; prepare p as select 1; reset search_path; prepare q as select 2; "
              "prepare r as select 3; ");
        s.runs("select set_config('search_path', '', false)")
            .runs("prepare t as select 4")
            .runs("begin", true);
        s.begun("set local search_path = b").begun("prepare u as select 5").runs("commit");
        s.runs("prepare v as select 6");
        CHECK(s.replay().ends_with(
            "prepare t as select 4; SET search_path = b; prepare u as select 5; "
            "SELECT pg_catalog.set_config('search_path', '', false); prepare v as select 6; "));
        CHECK(past() == "search_path now; ");
    }
    SUBCASE("that nobody knows") {
        s.begun("begin").begun("select set_config('search_path', f(), true)");
        s.begun("select set_config('search_path', f(), false)")
            .begun("prepare p as select 1")
            .runs("rollback");
        CHECK(s.loss() == Loss::unclear);
        s.runs("discard all");
    }
    SUBCASE("of more bytes than a session may have") {
        s.begun("begin").begun("set search_path = " + std::string(Session::most_bytes * 2 / 3, 'a'));
        CHECK(s.loss() == Loss::none);
        s.begun("prepare p as select 1");
        CHECK(s.loss() == Loss::too_much);
        s.runs("rollback").runs("discard all");
    }
    SUBCASE("that a transaction had, by its function") {
        s.begun("begin").begun("select set_config('search_path', 'a', true)").begun("prepare p as select 1");
        s.runs("rollback");
        CHECK(s.replay() == "search_path := a; prepare p as select 1; ");
        CHECK(past() == "search_path default; ");
    }
    SUBCASE("that a transaction commits, or the same text") {
        s.begun("begin").begun("set search_path = a").begun("prepare p as select 1").runs("commit");
        s.runs("set datestyle = 'DMY'; prepare q as select 2");
        CHECK(s.replay() == "set search_path = a; prepare p as select 1; set search_path = a; "
                            "set datestyle = 'DMY'; prepare q as select 2; set datestyle = 'DMY'; ");
    }
    SUBCASE("reset") {
        s.runs("set search_path = a").runs("prepare p as select 1").runs("reset search_path");
        s.runs("prepare q as select 2");
        CHECK(s.replay() ==
              "set search_path = a; prepare p as select 1; reset search_path; prepare q as select 2; ");
        CHECK(past() == "");
    }
    SUBCASE("reset with all") {
        s.runs("set search_path = a")
            .runs("prepare p as select 1")
            .runs("reset all")
            .runs("prepare q as select 2");
        CHECK(s.replay() ==
              "set search_path = a; prepare p as select 1; reset search_path; prepare q as select 2; ");
        s.runs("discard all");
        CHECK(s.is_zero());
    }
}

TEST_CASE("half a DateStyle leaves the other half") {
    Fresh s;
    s.runs("set datestyle = 'SQL'").runs("set datestyle = 'DMY'").runs("set datestyle = 'SQL'");
    CHECK(s.replay() == "set datestyle = 'DMY'; set datestyle = 'SQL'; ");
    s.runs("set datestyle = 'ISO, MDY'");
    CHECK(s.replay() == "set datestyle = 'ISO, MDY'; ");
}

TEST_CASE("a loss: the statement that made it so") {
    Fresh s;
    s.runs("select 1; create temp table a (b int)");
    CHECK(s.since() == "create temp table a (b int)");
    s.runs("drop table a").runs("call p(1)");
    CHECK(s.since() == "call p(1)");
    s.runs("prepare q as select pg_advisory_lock(id) from t").runs("execute q");
    CHECK(s.since() == "prepare q as select pg_advisory_lock(id) from t");
    s.runs("discard all").runs("select pg_advisory_lock(1)" + std::string(200, ' '));
    CHECK(s.since().size() == 120);
}

TEST_CASE("what is not known for certain") {
    for (const char* sql :
         {"set search_path = public, PG_temp", "set local search_path = pg_temp",
          "update pg_settings set setting = 1", "update only pg_catalog.pg_settings set setting = 1",
          "select setseed(0.5)", "with a as (update pg_settings set setting = 1) select 1",
          "select dblink_connect('x', '')", "select pg_replication_origin_session_setup('x')", "call p()",
          "do $$ begin execute a || b; end $$", "select set_config('search_path', 'a, pg_temp', true)"}) {
        CAPTURE(std::string(sql));
        Fresh s;
        s.runs(sql);
        CHECK(s.loss() == Loss::unclear);
        CHECK(s.since() == sql);
    }
    Fresh s;
    s.runs("alter table a rename to b").runs("update settings set a = 1").runs("set x = 'pg_tem'");
    CHECK(s.loss() == Loss::none);
    s.runs("create temp table a (b int)").runs("alter table a rename to c").runs("drop table a");
    CHECK(s.loss() == Loss::unclear);
}

TEST_CASE("a call by its object identifier") {
    Fresh s;
    auto calls = [&](int function) {
        s->sends_call(function);
        s->gets(true, "");
        s->settles(false);
    };
    for (int lo_function : {952, 957, 3458})
        calls(lo_function);
    CHECK(s.is_zero());
    for (int function : {2078, 2880, 2892, 1599, 16384}) {
        calls(function);
        CHECK(s.loss() == Loss::unclear);
        s.runs("discard all");
    }
}

TEST_CASE("texts are read as the server reads them") {
    Fresh s;
    Dialect escapes;
    escapes.escapes = true;
    s->sends("select 'a\\'; set a = 1; --'; set b = 1; select n'\\''; set c = 1", escapes);
    s->gets(true, "");
    s->settles(false);
    CHECK(s.replay() == "set b = 1; set c = 1; ");
    Dialect wide;
    wide.is_wide = true;
    s->sends("select '\x95\\'; set a = 1", wide);
    s->gets(true, "");
    s->settles(false);
    CHECK(s.loss() == Loss::unclear);
    s.runs("discard all");
    s->sends("set client_encoding = 'SJIS'");
    s->sends("set d = '\xc3\xa9'");
    s->gets(true, "");
    s->gets(true, "");
    s->settles(false);
    CHECK(s.loss() == Loss::unclear);
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

TEST_CASE("settings: a transaction's own survive RESET ALL and DISCARD ALL") {
    Fresh s;
    s.begun("begin").begun("set transaction read only").runs("commit").runs("set a = 1");
    s.runs("reset all");
    CHECK(s.replay() == "SET TRANSACTION read only; ");
    s.runs("set transaction_read_only = off").runs("discard all");
    CHECK(s.replay() == "set transaction_read_only = off; ");
    s.runs("reset transaction_read_only");
    CHECK(s.is_zero());
}

TEST_CASE("listening: a loss, with the transaction") {
    Fresh s;
    s.begun("begin").begun("listen a").runs("rollback");
    CHECK(s.is_zero());
    s.runs("listen a").runs("LISTEN A").runs("listen \"B\"");
    CHECK(s.loss() == Loss::listening);
    CHECK(s.since() == "LISTEN A");
    s.runs("unlisten a");
    CHECK(s.since() == "listen \"B\"");
    s.begun("begin").begun("unlisten *").runs("rollback");
    CHECK(s.loss() == Loss::listening);
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
    CHECK(s.replay() == "prepare a as select 1; set x = 1; ");
    s->sends_close("a");
    s->gets(true, "");
    CHECK(s.replay() == "set x = 1; ");
    s->sends_prepare("d", "select $1", 1, nullptr);
    s->gets(true, "");
    CHECK(s.replay() == "set x = 1; Parse d: select $1; ");
    s.runs("deallocate all").runs("reset x");
    CHECK(s.is_zero());
}

TEST_CASE("prepared statements: those left out, by the texts and calls that need them or their names") {
    Fresh s;
    s.prepares("A", "select 1").runs("prepare b as select 2").runs("prepare c as select 3");
    s->each([&](Note& note) { s->leave_out(note, note.key() != "c"); });
    std::string found;
    using Need = Session::Need;
    auto visit = [&](const Note& note, Need need) {
        found.append(note.key()).append(need == Need::name ? "' " : " ");
    };
    s->each_left_out("select 1; execute \"A\"; EXECUTE B (1); execute c; execute a", visit);
    CHECK(found == "A b ");
    s->each_left_out_named("b", Need::statement, visit);
    s->each_left_out_named("c", Need::statement, visit);
    s->each_left_out_named(nullptr, Need::statement, visit);
    CHECK(found == "A b b ");
    s->each_left_out("deallocate b; deallocate all; prepare \"A\" as select 4; deallocate c", visit);
    CHECK(found == "A b b b' A' ");
    s.runs("deallocate all");
    CHECK(s.is_zero());
}

TEST_CASE("prepared statements: names of 63 bytes") {
    Fresh s;
    std::string name(70, 'n');
    s.runs("prepare " + name + " as select 1").runs("deallocate " + name.substr(0, 65));
    CHECK(s.is_zero());
    s.prepares(name.c_str(), "select 1");
    s->sends_close(name.substr(0, 63).c_str());
    s->gets(true, "");
    CHECK(s.is_zero());
}

TEST_CASE("prepared statements: the unnamed one, until another text takes its place") {
    Fresh s;
    s.prepares("", "select 1").runs("prepare a as select 2");
    CHECK(s.replay() == "prepare a as select 2; ");
    s.prepares("", "select 3");
    CHECK(s.replay() == "prepare a as select 2; Parse : select 3; ");
    s.prepares("", "select 4").runs("deallocate a");
    CHECK(s.is_zero());
}

TEST_CASE("prepared statements: what their execution does") {
    Fresh s;
    s.prepares("p", "select set_config($1, $2, false)").executes("p", {"a.b", "it's"});
    CHECK(s.replay() == "Parse p: select set_config($1, $2, false); a.b := it's; ");
    s.runs("execute p ('a.b', 'c')").runs("execute p('d', null)");
    CHECK(s.replay() == "Parse p: select set_config($1, $2, false); a.b := c; ");
    s.runs("execute p ('a.' || 'b', 'd')");
    CHECK(s.loss() == Loss::unclear);
    s.runs("discard all");
    s->forget();
    const unsigned boolean[] = {16};
    s->sends_prepare("t", "select set_config($2, $1::text, false)", 1, boolean);
    s->gets(true, "");
    s.executes("t", {"t", "a.c"}).runs("execute t('f', 'a.d')");
    CHECK(s.replay() == "Parse t: select set_config($2, $1::text, false) 16; a.c := true; a.d := false; ");
    s.runs("prepare u(bool) as select set_config('a.e', $1::text, false)").executes("u", {"0"});
    CHECK(s.replay().ends_with("a.e := false; "));
    s->forget();
    s.prepares("", "set a = 1").executes("").executes("");
    CHECK(s.replay() == "Parse : set a = 1; set a = 1; ");
    s.runs("reset a");
    s.prepares("l", "select pg_advisory_lock($1)")
        .executes("l", {"7"})
        .runs_with("select pg_advisory_unlock($1)", {"7"});
    CHECK(s.loss() == Loss::none);
    s.runs("prepare q as select pg_advisory_lock(8)").runs("execute Q");
    CHECK(s.loss() == Loss::advisory_lock);
    s.executes("q").runs("select pg_advisory_unlock(8), pg_advisory_unlock(8)");
    CHECK(s.loss() == Loss::none);
    s.executes("nobody knows it");
    CHECK(s.loss() == Loss::unclear);
}

TEST_CASE("prepared statements: of transactions and savepoints") {
    Fresh s;
    s.prepares("b", "begin")
        .prepares("c", "commit")
        .prepares("p", "savepoint x")
        .prepares("r", "rollback to x");
    s.executes("b", {}, true, "BEGIN").begun("set a = 1").executes("p", {}, true).begun("set a = 2");
    s.executes("r", {}, true).executes("c", {}, false, "COMMIT").runs("deallocate all");
    CHECK(s.replay() == "set a = 1; ");
}

TEST_CASE("prepared statements: one that executes another, and one that executes itself") {
    Fresh s;
    s.prepares("a", "set a = 1").prepares("b", "execute a").executes("b");
    CHECK(s.loss() == Loss::none);
    s.runs("deallocate all").runs("discard all").prepares("c", "execute c").executes("c");
    CHECK(s.loss() == Loss::unclear);
}

TEST_CASE("order: as they came, but time-outs come last") {
    Fresh s;
    s.runs("set statement_timeout = 1").runs("prepare p as select 1").runs("set b = 1").runs("load 'x'");
    CHECK(s.replay() == "prepare p as select 1; set b = 1; load 'x'; set statement_timeout = 1; ");
    s.runs("discard all");
    CHECK(s.replay() == "load 'x'; ");
}

TEST_CASE("set_config: known, or a loss until it is reset") {
    Fresh s;
    s.runs("select pg_catalog.set_config('search_path', '', false)")
        .runs("select set_config('ab', 'c', true)");
    CHECK(s.replay() == "SELECT pg_catalog.set_config('search_path', '', false); ");
    s.runs("select set_config('ab', $1, false)");
    CHECK(s.loss() == Loss::unclear);
    s.runs("set ab = 1").runs("set search_path = a");
    CHECK(s.loss() == Loss::none);
    CHECK(s.replay() == "set ab = 1; set search_path = a; ");
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
    s.runs_with("select pg_advisory_lock($1)", {"3"}).runs("select pg_advisory_unlock(3::bigint)");
    CHECK(s.is_zero());
    s->sends("select pg_advisory_unlock(1), pg_try_advisory_lock(5)");
    s->gets(true, "SELECT 1", 1);
    CHECK(s.is_zero());
    for (const char* prepare : {"", "prepare p as select pg_try_advisory_lock(7)"}) {
        for (const char* execute :
             {"explain analyze execute p", "create table t as execute p", "execute p"}) {
            *prepare ? s.runs(prepare) : s.prepares("p", "select pg_try_advisory_lock(7)");
            s->sends(execute);
            s->gets(true, "", 0);
            CHECK((s.loss() == Loss::advisory_lock) == (execute != std::string_view("execute p")));
            s.runs("discard all");
        }
    }
    s.runs("select pg_try_advisory_lock_shared(1, 2)").runs("reset all");
    CHECK(s.loss() == Loss::advisory_lock);
    s.runs("discard all");
    CHECK(s.is_zero());
    s.fails("select pg_advisory_lock(1)"); // the session can hold the lock nevertheless
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
    CHECK(s.loss() == Loss::listening);
    s.runs("unlisten b");
    CHECK(s.loss() == Loss::unclear);
    s.fails("discard all");
    CHECK(s.loss() == Loss::unclear);
    s.runs("DISCARD ALL");
    CHECK(s.is_zero());
}

TEST_SUITE_END();
