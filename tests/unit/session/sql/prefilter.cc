// The prefilter lets no text pass as plain that the reader finds an effect in.
#include "tests/unit/session/sql/told.hh"

#include <doctest/doctest.h>
#include <iterator>
#include <random>

using namespace pqsweep;
using namespace pqsweep::tests;

namespace {

// The reader reads every text behind a semicolon. A text alone often stops at the prefilter.
void check_glance(const std::string& text) {
    INFO(text);
    std::vector<Told> read_in_full = read(";" + text), at_a_glance = read(text);
    REQUIRE(at_a_glance.size() == read_in_full.size());
    for (size_t i = 0; i < at_a_glance.size(); i++) {
        CHECK(static_cast<int>(at_a_glance[i].act) == static_cast<int>(read_in_full[i].act));
        CHECK(at_a_glance[i].key == read_in_full[i].key);
        CHECK(at_a_glance[i].statement == read_in_full[i].statement);
    }
}

} // namespace

TEST_SUITE_BEGIN("unit: sql");

TEST_CASE("a glance misses nothing, wherever it stands") {
    for (const char* telling : {"into t",
                                "INTO temp t",
                                "set_config('a', 'b', false)",
                                "pg_Try_Advisory_lock(1)",
                                "\"set_config\"('a')",
                                "pg_advisory_unlock_all()",
                                "execute one",
                                "; begin",
                                "';' ; begin",
                                "/* ; */ ; listen a",
                                "'; --' ; begin",
                                "1into t",
                                "$1into t",
                                "'a'into t",
                                "a||SET_CONFIG('a', 'b', true)",
                                "u&\"a\"()",
                                "a.U&\"\\0061\"()",
                                "setseed(1)",
                                "dblink_connect('a')",
                                "pg_replication_origin_session_setup('a')",
                                "pg_backup_start('a')",
                                "pg_start_backup('a')",
                                "pg_create_physical_replication_slot('a', true, true)",
                                "pg_copy_logical_replication_slot('a', 'b', true)"})
        for (size_t before = 0; before < 40; before++)
            for (size_t behind : {0, 1, 17, 40})
                check_glance("select " + std::string(before, ' ') + telling + std::string(behind, ' '));
    for (const char* text :
         {"insert into t select 1", "insert into t select * into u", "insert/**/into t",
          "merge into t using u", "execute one", "EXECUTE one", " \n select 1 ; ", "", ";", "; begin",
          "(select 1) ; begin", "begin", "with a as (select 1) select * into b from a"})
        check_glance(text);
    CHECK(read("select * into temp b").size() == 1);
}

TEST_CASE("a glance misses nothing, whatever the text") {
    std::minstd_rand random(7);
    auto below = [&](size_t n) { return static_cast<size_t>(random()) % n; };
    const std::string pieces[] = {"select ",
                                  "insert ",
                                  "into ",
                                  "a",
                                  "b, ",
                                  "; ",
                                  "'",
                                  "\"",
                                  "(",
                                  ")",
                                  "-- ",
                                  "\n",
                                  "/*",
                                  "*/",
                                  "set_config('a', 'b', false)",
                                  "execute ",
                                  "pg_advisory_lock(1)",
                                  "temp ",
                                  "with ",
                                  "update ",
                                  "$$",
                                  "begin ",
                                  "table ",
                                  "1",
                                  "1 ",
                                  "_",
                                  "\xc3\xa4",
                                  " U&\"a\" ",
                                  "SETSEED(1)",
                                  "from t where id = $1 "};
    for (int i = 0; i < 50'000; i++) {
        std::string text;
        for (size_t n = below(9); n > 0; n--)
            text += pieces[below(std::size(pieces))];
        check_glance(text);
    }
}

TEST_SUITE_END();
