// Checks what records come to against figures made by hand.
#include "tools/journal/history.hh"
#include "tools/verdict/finding.hh"

#include <doctest/doctest.h>

using namespace pqsweep;
using namespace pqsweep::tools;

namespace {

constexpr int64_t second = 1'000'000;

// A history of events, each a millisecond after the one before.
struct Told {
    History history;
    JournalRecord record;

    Told& operator()(uint64_t process, Event event, JournalRecord about = {}, bool is_last = false) {
        about.process = process;
        about.event = event;
        about.time = time += second / 1000;
        if (about.host.empty())
            about.host = "machine";
        history.take(about, is_last);
        return *this;
    }
    Told& open(uint64_t process, int64_t connection, std::string_view tag, std::string_view test = "") {
        return (*this)(process, Event::open, {.connection = connection, .tag = tag, .test = test});
    }
    Told& tag(uint64_t process, std::string_view tag, std::string_view ended = "") {
        return (*this)(process, Event::tag, {.tag = tag, .ended = ended});
    }
    Told& sweep(uint64_t process, int64_t connection, std::string_view tag, std::string_view state = "idle") {
        return (*this)(process, Event::sweep, {.connection = connection, .tag = tag, .state = state});
    }
    Told& end(uint64_t process) { return (*this)(process, Event::exit, {}, true); }

    const TagCounts& counts(std::string_view tag) {
        for (Strings::Id id = 0; id < history.tags().size(); id++)
            if (history.tag_names()[id] == tag)
                return history.tags()[id];
        FAIL("no such tag");
        return history.tags()[0];
    }
    int64_t time = 1'800'000'000 * second;
};

} // namespace

TEST_SUITE_BEGIN("unit: history");

TEST_CASE("what becomes of a straggler") {
    Told told;
    told.tag(1, "a");
    for (int64_t c = 1; c <= 7; c++)
        told.open(1, c, "a");
    told(1, Event::close, {.connection = 6, .by = "owner"});
    told.tag(1, "b", "a");
    for (int64_t c : {1, 2, 3, 4, 5, 7})
        told.sweep(1, c, "a", c == 2 ? "failed" : c == 3 ? "copy" : "idle");
    told(1, Event::revive, {.connection = 1, .took = 0.5});
    told(1, Event::refuse, {.connection = 2});
    told(1, Event::close, {.connection = 2, .by = "late"});
    told(1, Event::close, {.connection = 3, .by = "reset"});
    told(1, Event::close, {.connection = 4, .by = "late"});
    told(1, Event::close, {.connection = 7, .by = "dropped"});
    told.end(1);
    const TagCounts& a = told.counts("a");
    CHECK(a.opened == 7);
    CHECK(a.closed == 1);
    CHECK(a.swept.idle == 4);
    CHECK(a.swept.transaction == 1);
    CHECK(a.swept.running == 1);
    for (Fate fate : all_fates) // connection 1 was revived, and was open at the end
        CHECK(a.of(fate) == (fate == Fate::left_open ? 2 : 1));
    CHECK(a.abandoned() == 2);
    CHECK(told.history.revival_time() == 0.5);
    CHECK(told.history.without_exit() == 0);
}

TEST_CASE("an idle connection that several tags used is a pool's: open at exit, and not abandoned") {
    Told told;
    told.tag(1, "a");
    for (int64_t c = 1; c <= 5; c++)
        told.open(1, c, "a");
    told.tag(1, "b", "a");
    for (int64_t c = 1; c <= 5; c++)
        told(1, Event::sweep, {.connection = c, .shared = c < 5, .tag = "a", .state = "idle"});
    told(1, Event::close, {.connection = 2, .by = "dropped"});
    told(1, Event::close, {.connection = 3, .by = "late"});
    told(1, Event::revive, {.connection = 4, .tag = "b"});
    told.tag(1, "", "b").sweep(1, 4, "a", "transaction").end(1);
    const TagCounts& a = told.counts("a");
    CHECK(a.of(Fate::open_at_exit) == 2);
    CHECK(a.of(Fate::closed_late) == 1);
    CHECK(a.of(Fate::revived) == 1);
    CHECK(a.of(Fate::left_open) == 2);
}

TEST_CASE("a ROLLBACK is no use: a fixture ends its connection late by it, a destructor does not") {
    Told told;
    told.tag(1, "a");
    for (int64_t c = 1; c <= 4; c++)
        told.open(1, c, "a");
    told.tag(1, "b", "a");
    for (int64_t c = 1; c <= 4; c++)
        told.sweep(1, c, "a", "transaction");
    for (int64_t c = 1; c <= 4; c++)
        told(1, Event::rollback, {.connection = c, .by = c <= 2 ? "late" : "dropped"});
    told(1, Event::revive, {.connection = 2, .tag = "b"});
    told(1, Event::revive, {.connection = 4, .tag = "b"});
    CHECK(told.history.runs().at(0).timeline.live() == 2);
    told(1, Event::close, {.connection = 4, .by = "owner"}).end(1);
    const TagCounts& a = told.counts("a");
    CHECK(a.of(Fate::closed_late) == 1);
    CHECK(a.of(Fate::revived) == 1);
    CHECK(a.of(Fate::left_open) == 2);
}

TEST_CASE("a pool that several tags use is open at exit, also if each tag has a process; a pool for each "
          "test is left") {
    auto open_at_exit = [](uint64_t second_process, std::string_view second_test,
                           std::string_view second_line) {
        Told told;
        auto left = [&](uint64_t process, int64_t number, std::string_view tag, std::string_view test,
                        std::string_view line) {
            told(process, Event::open,
                 {.connection = number,
                  .pool = 1,
                  .tag = tag,
                  .test = test,
                  .source = {line, "/shop/test.py:1 test"}});
            told.sweep(process, number, tag);
        };
        left(1, 1, "a", "a::test", "/shop/db.py:4 ask");
        left(second_process, 2, "b", second_test, second_line);
        told.end(1);
        if (second_process != 1)
            told.end(second_process);
        told.history.finish();
        CHECK(told.history.total().abandoned() + told.history.total().of(Fate::open_at_exit) == 2);
        return told.history.total().of(Fate::open_at_exit);
    };
    CHECK(open_at_exit(2, "b::test", "/shop/db.py:4 ask") == 2);
    CHECK(open_at_exit(1, "b::test", "/shop/db.py:4 ask") == 0);
    CHECK(open_at_exit(2, "b::test", "/shop/db.py:9 ask") == 0);
}

TEST_CASE("what is opened without a tag is named after the script or the program") {
    Told told;
    told(1, Event::start, {.program = "/usr/bin/python3.11", .script = "/shop/run.py"}).open(1, 1, "");
    told(2, Event::start, {.program = "/usr/bin/psql", .script = "tables.sql"}).open(2, 1, "");
    told(3, Event::start, {.program = "/usr/bin/perl", .script = "t/a b.t"}).open(3, 1, "");
    told(4, Event::start, {.program = "/usr/bin/perl"}).open(4, 1, "").open(4, 2, "", "test").open(4, 3, "a");
    for (uint64_t process : {1, 2, 3, 4})
        told.end(process);
    std::string names;
    for (const Culprit& culprit : told.history.culprits())
        names += std::string(told.history.texts()[culprit.test]) + "|";
    for (const char* name : {"run.py|", "psql|", "t/a b.t|", "perl|", "test|", "||"})
        CHECK(("|" + names).find(name) != names.npos);
}

TEST_CASE("a half-open connection has no other record than its sweep") {
    Told told;
    told.tag(1, "a").tag(1, "b", "a").sweep(1, 1, "a", "connecting").end(1);
    CHECK(told.counts("a").opened == 1);
    CHECK(told.counts("a").swept.running == 1);
    CHECK(told.counts("a").of(Fate::left_open) == 1);
    CHECK(told.history.total().peak == 0);
    CHECK(told.history.total().peak_without == 1);
}

TEST_CASE("a sweep may be told before the opening, by another thread") {
    Told told;
    told.tag(1, "a").tag(1, "b", "a").sweep(1, 1, "a");
    told(1, Event::open, {.connection = 1, .backend = 7, .tag = "a", .database = "d"}).end(1);
    CHECK(told.counts("a").opened == 1);
    CHECK(told.counts("a").of(Fate::left_open) == 1);
    CHECK(told.counts("a").of(Fate::open_at_exit) == 0);
    CHECK(told.history.total().peak == 0);
    const Culprit& culprit = told.history.culprits().at(0);
    CHECK(culprit.backend == 7);
    CHECK(told.history.texts()[culprit.database] == "d");
}

TEST_CASE("a peak is that of all processes of the run at once, and without sweeps the swept count on") {
    Told told;
    told.tag(1, "a").tag(2, "x");
    told.open(1, 1, "a").open(1, 2, "a").open(2, 1, "x");
    CHECK(told.counts("a").peak == 3);
    CHECK(told.counts("x").peak == 3);
    told.tag(1, "b", "a").sweep(1, 1, "a").sweep(1, 2, "a");
    told.open(1, 3, "b");
    CHECK(told.counts("b").peak == 2);
    CHECK(told.counts("b").peak_without == 4);
    told(1, Event::close, {.connection = 1, .by = "late"});
    told.open(1, 4, "b");
    CHECK(told.counts("b").peak == 3);
    CHECK(told.counts("b").peak_without == 4);
    CHECK(told.counts("a").peak_without == 3);
}

TEST_CASE("an owner can journal its late close before another thread journals the sweep") {
    Told told;
    told.tag(1, "a").open(1, 1, "a");
    told(1, Event::close, {.connection = 1, .by = "late"});
    told.sweep(1, 1, "a", "idle").end(1);
    CHECK(told.counts("a").opened == 1);
    CHECK(told.counts("a").closed == 0);
    CHECK(told.counts("a").of(Fate::closed_late) == 1);
    CHECK(told.history.runs().at(0).timeline.live() == 0);
}

TEST_CASE("a killed process takes its connections with it") {
    Told told;
    told.tag(1, "a").tag(2, "a");
    told.open(1, 1, "a");
    told(1, Event::open, {.connection = 2, .tag = "a"}, true);
    told.open(2, 1, "a");
    CHECK(told.counts("a").peak == 2);
    CHECK(told.counts("a").of(Fate::open_at_exit) == 2);
    CHECK(told.history.without_exit() == 1);
    CHECK(told.history.runs().at(0).timeline.live() == 1);
}

TEST_CASE("runs and machines count each for itself, whatever their clocks say") {
    Told told;
    told(1, Event::open, {.connection = 1, .host = "one", .tag = "a"});
    told(2, Event::open, {.connection = 1, .host = "other", .tag = "a"});
    told(3, Event::open, {.connection = 1, .run = "r", .host = "one", .tag = "a"});
    told(4, Event::open, {.connection = 1, .run = "r", .host = "other", .tag = "a"});
    CHECK(told.history.runs().size() == 3);
    CHECK(told.counts("").peak == 2);
    CHECK(told.history.total().peak == 2);
}

TEST_CASE("culprits are folded, and the worst come first") {
    Told told;
    told.tag(1, "a");
    for (int64_t c = 1; c <= 5; c++)
        told.open(1, c, "a", c <= 3 ? "a::loop" : c == 4 ? "a::once" : "a::begin");
    told.tag(1, "b", "a");
    for (int64_t c = 1; c <= 5; c++)
        told.sweep(1, c, "a", c == 5 ? "transaction" : "idle");
    told.tag(1, "c", "b").tag(1, "d", "c").end(1);
    auto findings = findings_of(told.history);
    REQUIRE(findings.size() == 3);
    CHECK(findings[0].test == "a::begin");
    CHECK(findings[1].test == "a::loop");
    CHECK(findings[1].count == 3);
    CHECK(findings[1].outlived == 3);
    CHECK(findings[2].test == "a::once");
}

TEST_CASE("where it was opened: the user's line, or the program's own frame before a library's") {
    Told told;
    std::vector<std::string_view> source = {"tests/a b.py:7 make", "tests/c.py:9 <lambda>"};
    std::vector<std::string_view> stack = {"/lib/libpqxx.so+0x1", "app+0x2", "app+0x3"};
    told(1, Event::open, {.connection = 1, .tag = "a", .source = source});
    told(1, Event::open, {.connection = 2, .tag = "a", .stack = stack});
    told.end(1);
    auto findings = findings_of(told.history);
    REQUIRE(findings.size() == 2);
    CHECK(findings[0].frame.file.starts_with("app"));
    CHECK(findings[1].frame.file == "tests/a b.py");
    CHECK(findings[1].frame.line == 7);
    CHECK(findings[1].frame.function == "make");
    CHECK(findings[1].frame.place() == "tests/a b.py make");
}

TEST_CASE("a timeline keeps the tops, in a bounded number of spans") {
    Timeline timeline;
    for (int64_t i = 0; i < 100'000; i++) {
        timeline.change(i * second, 1, 1, 1);
        timeline.change(i * second + 10, 1, -1, 0);
        if (i == 50'000) {
            timeline.change(i * second + 20, 2, 3, 3);
            timeline.sweep(i * second + 30, 2);
            timeline.change(i * second + 40, 2, -3, 0);
        }
    }
    timeline.finish();
    CHECK(timeline.spans().size() <= Timeline::most_spans);
    CHECK(timeline.span_length() * static_cast<int64_t>(timeline.spans().size()) >= 99'999 * second);
    uint32_t top = 0, sweeps = 0;
    for (const auto& span : timeline.spans()) {
        uint32_t sum = 0;
        for (const auto& share : span.shares)
            sum += share.connections;
        CHECK(sum == span.live);
        top = std::max(top, span.live);
        sweeps += span.sweeps;
    }
    CHECK(top == 3);
    CHECK(sweeps == 1);
    CHECK(timeline.spans().back().without == 100'003);
}

TEST_SUITE_END();
