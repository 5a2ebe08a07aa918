#include "tools/blockers/waits.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tools;

TEST_SUITE_BEGIN("unit: blockers");

TEST_CASE("a server's reply is read, whatever is missing") {
    Waits waits = read_waits(R"({"backend": 9, "pooled": 0, "timeouts": 4000, "prepared": ["g1"],
        "waits": [{"pid": 2, "type": "relation", "mode": "AccessExclusiveLock", "relation": "cell",
                   "holders": [1, 1, 0], "waited": 10.5}],
        "sessions": [{"pid": 1, "database": "shop", "user": "me", "application": null, "state": "idle in transaction",
                      "in_state": 11, "query": "select secret from cell"},
                     {"pid": 2, "state": "active", "query": "  drop\n table cell"}]})");
    CHECK(waits.error == "");
    CHECK(waits.has_timeout);
    CHECK(!waits.is_pooled);
    REQUIRE(waits.waits.size() == 1);
    CHECK(waits.waits[0].holders == std::vector{0, 1});
    CHECK(waits.waits[0].waited == 10.5);
    CHECK(waits.waits[0].lock.words() == "AccessExclusiveLock on table cell");
    CHECK(waits.prepared == std::vector<std::string>{"g1"});
    REQUIRE(waits.session(1));
    CHECK(waits.session(1)->is_in_transaction());
    CHECK(waits.session(1)->statement == "select");
    CHECK(waits.session(2)->statement == "drop table");
    CHECK(!waits.session(3));
    CHECK(read_waits(R"({"error": "FATAL:  sorry"})").error == "FATAL:  sorry");
    CHECK(read_waits("").error == "its reply can't be read");
    CHECK(read_waits("[1]").error == "its reply can't be read");
    CHECK(read_waits(R"({"waits": null, "sessions": 4})").waits.empty());
}

TEST_CASE("of a statement only its keywords are kept") {
    auto statement = [](const std::string& query) {
        return read_waits(R"({"sessions": [{"pid": 1, "query": ")" + query + R"("}]})").sessions[0].statement;
    };
    CHECK(statement("truncate \\\"Books\\\".\\\"Entry\\\" restart identity") == "truncate");
    CHECK(statement("TRUNCATE TABLE orders") == "TRUNCATE TABLE");
    CHECK(statement("create index concurrently i on t (x)") == "create index concurrently");
    CHECK(statement("insert into people values ('me')") == "insert into");
    CHECK(statement("update job set state = 'x'") == "update");
    CHECK(statement("-- a comment") == "");
    CHECK(statement("") == "");
}

TEST_CASE("waits are named as what they are") {
    CHECK(Lock{.type = "transactionid", .mode = "ShareLock", .relation = "job"}.words() ==
          "a row of job, until another transaction ends");
    CHECK(Lock{.type = "transactionid", .mode = "ShareLock"}.words() == "the end of another transaction");
    CHECK(Lock{.type = "virtualxid", .mode = "ShareLock", .relation = "t"}.words() ==
          "the end of earlier transactions, to build an index of t");
    CHECK(Lock{.type = "advisory", .mode = "ExclusiveLock", .key = "8675309"}.words() ==
          "ExclusiveLock on advisory lock 8675309");
    CHECK(Lock{.type = "tuple", .mode = "ExclusiveLock", .relation = "job"}.words() ==
          "ExclusiveLock on a row of job");
    CHECK(Lock{.type = "object", .mode = "AccessExclusiveLock", .database = "shop"}.words() ==
          "AccessExclusiveLock on database shop");
    CHECK(Lock{.type = "object", .mode = "AccessExclusiveLock", .key = "notify"}.words() ==
          "the queue of NOTIFY: commits that notify go one after the other");
    CHECK(Lock{.type = "SyncRep"}.words() == "a synchronous standby to confirm its commit");
}

TEST_SUITE_END();
