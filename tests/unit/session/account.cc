#include "tests/unit/session/fresh_session.hh"

using namespace pqsweep;

TEST_SUITE_BEGIN("unit: account");

TEST_CASE("the server's account takes the place of doubt, and only of doubt") {
    Fresh s;
    s.runs("set transaction read only")
        .runs("set a.b = 1")
        .runs("set timezone = 1")
        .runs("prepare p as select 1")
        .runs("set d = 1")
        .prepares("q", "select 2");
    CHECK_FALSE(s->can_be_asked());
    s.fails("select login(1)");
    CHECK(s->can_be_asked());
    CHECK(s.since() == "select login(1)");
    SUBCASE("it is another session") {
        s->begin_account();
        s->account(Act::set, "d", "2", 6);
        s->account(Act::set, "a.c", "x", 6);
        s->account(Act::prepare, "p", "", 6);
        s->end_account();
        CHECK(s.loss() == Loss::none);
        CHECK(s.replay() ==
              "SET TRANSACTION read only; set a.b = 1; set timezone = 1; prepare p as select 1; "
              "d := 2; a.c := x; reset timezone; ");
        for (int i = 0; i < 2; i++) {
            std::string replay = s.replay();
            s.runs("select login(1)");
            s->begin_account();
            s->account(Act::set, "d", "2", 6);
            s->account(Act::set, "a.c", "x", 6);
            s->account(Act::prepare, "p", "", 6);
            s->end_account();
            CHECK(s.replay() == replay);
        }
        s.runs("set d = 3").runs("set timezone = 3");
        CHECK(s.replay() ==
              "SET TRANSACTION read only; set a.b = 1; set timezone = 1; prepare p as select 1; "
              "a.c := x; set d = 3; set timezone = 3; ");
    }
    SUBCASE("the unnamed statement is not in it, nor is one that a revival has left out") {
        s.prepares("", "select 3");
        s->each([&](Note& note) { s->leave_out(note, note.key() == "p"); });
        s->begin_account();
        s->end_account();
        CHECK(s.replay().find("prepare p") != std::string::npos);
        CHECK(s.replay().find("Parse : select 3") != std::string::npos);
        CHECK(s.replay().find("Parse q") == std::string::npos);
    }
    // Each of these can't come back.
    auto account_of = [&](Act act, const char* key, const char* value) {
        s->begin_account();
        s->account(act, key, value, 6);
        s->end_account();
        CHECK(s.since() == "select login(1)");
        return s.loss();
    };
    SUBCASE("it has a lock") {
        CHECK(account_of(Act::lock, "", "") == Loss::advisory_lock);
    }
    SUBCASE("a function has prepared a statement") {
        CHECK(account_of(Act::prepare, "r", "") == Loss::unclear);
    }
    SUBCASE("a function has set a search_path in which all that is created is temporary") {
        CHECK(account_of(Act::set, "search_path", "pg_temp, public") == Loss::unclear);
    }
    SUBCASE("it has more than the server can be asked for") {
        s.runs("select setseed(1)");
        CHECK_FALSE(s->can_be_asked());
    }
    SUBCASE("it has a setting without a name") {
        s.runs("select set_config('a.' || 'b', 'x', false)");
        CHECK_FALSE(s->can_be_asked());
    }
}

TEST_CASE("the server is asked for the custom settings that a text of the session names") {
    Fresh s;
    auto names = [&] {
        std::string all;
        s->each_custom_name([&](std::string_view name) { all.append(name).append(" "); });
        return all;
    };
    s.runs("set a.b = 1")
        .runs("set timezone = 1")
        .runs("select x.y from t")
        .runs("select login('D.E', 'f, g.h')");
    CHECK(names() == "a.b d.e ");
    s.runs("do $$ begin perform set_config('i.j', '', false); execute 'set session k.l = 1'; end $$");
    s.runs("call p('d.e')");
    CHECK(names() == "a.b d.e i.j k.l ");
    s.runs_with("select login($1, $2)", {"m.n", "o.p!"});
    s.runs("prepare q as select login($1)").runs("execute q('r.s')");
    CHECK(names() == "a.b d.e i.j k.l m.n r.s ");
    for (int i = 0; i < 1000; i++)
        s.runs("call p('x.n" + std::to_string(i) + "')");
    CHECK(names().size() < 1000);
    CHECK(s.loss() == Loss::unclear);
    s.runs("discard all");
    CHECK(names() == "a.b ");
}

TEST_CASE("a text that failed can have defined a custom setting: the server is asked for it") {
    Fresh s;
    SUBCASE("in a text of several statements") {
        s.fails("set a.b = 1; select 1 / 0");
        CHECK(s.since() == "set a.b = 1; select 1 / 0");
    }
    SUBCASE("by its function") {
        s.fails("select set_config('a.b', '1', true), 1 / 0");
    }
    REQUIRE(s->can_be_asked());
    s->each_custom_name([](std::string_view name) { CHECK(name == "a.b"); });
    s->begin_account();
    s->account(Act::set, "a.b", "", 6);
    s->end_account();
    CHECK(s.replay() == "a.b := ; ");
    CHECK(s.loss() == Loss::none);
}

TEST_CASE("a text that failed is no doubt if the custom setting was there, or the transaction had failed") {
    Fresh s;
    SUBCASE("it was there") {
        s.runs("set a.b = 1").fails("set a.b = 2; select 1 / 0");
    }
    SUBCASE("the transaction had failed") {
        s.begun("begin").fails("select 1 / 0", true).fails("set a.b = 1", true).runs("rollback");
    }
    CHECK(s.loss() == Loss::none);
}

TEST_SUITE_END();
