#include "tests/unit/session/fresh_session.hh"

using namespace pqsweep;

TEST_SUITE_BEGIN("unit: transaction");

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

TEST_CASE("several statements: all of them, or none") {
    Fresh s;
    s.runs("set a = 1; set b = 2; set c = 1");
    CHECK(s.replay() == "set a = 1; set b = 2; set c = 1; ");
    s.fails("reset a; reset b; select 1/0");
    CHECK(s.replay() == "set a = 1; set b = 2; set c = 1; ");
    CHECK(s.loss() == Loss::none);
    s.runs("begin; set a = 3; rollback; reset b");
    CHECK(s.replay() == "set a = 1; set c = 1; ");
    s.runs("set d = 1; begin; set e = 1; rollback"); // the transaction contains what stands before BEGIN
    CHECK(s.replay() == "set a = 1; set c = 1; ");
    s.runs("begin; set d = 1; commit; set e = 1; rollback; set f = 1");
    CHECK(s.replay() == "set a = 1; set c = 1; set d = 1; set f = 1; ");
    s.runs("begin; set g = 1", true).runs("set h = 1; commit", false, true, "COMMIT");
    CHECK(s.replay() == "set a = 1; set c = 1; set d = 1; set f = 1; set g = 1; set h = 1; ");
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
    s.begun("select now()").begun("set a = 1");
    CHECK(s.replay() == "");
    s.runs("rollback");
    CHECK(s.is_zero());
    s.begun("begin").begun("set a = 1").runs("prepare transaction 'x'", false, true, "PREPARE TRANSACTION");
    CHECK(s.loss() == Loss::unclear);
    s.runs("discard all").begun("begin").runs("prepare transaction 'x'");
    CHECK(s.is_zero());
}

TEST_SUITE_END();
