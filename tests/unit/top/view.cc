#include "tools/top/view.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tools;

namespace {

constexpr size_t page = 3;

TagLine line(pid_t pid, const std::string& tag, int idle, bool is_current = false) {
    TagLine one;
    one.pid = pid;
    one.tag = tag;
    one.open.idle = idle;
    one.is_current = is_current;
    return one;
}

std::string selected(const View& view) {
    return view.lines().at(view.selected()).tag;
}

} // namespace

TEST_SUITE_BEGIN("unit: view");

TEST_CASE("the selection stays on its tag while lines come and go") {
    View view('t');
    view.update({line(1, "a", 1), line(1, "b", 1), line(1, "c", 1)});
    view.press(key::down, page);
    CHECK(selected(view) == "b");
    view.update({line(1, "a", 1), line(1, "aa", 1), line(1, "b", 1), line(1, "c", 1)});
    CHECK(selected(view) == "b");
    view.press('o', page);
    CHECK(selected(view) == "b");
    view.update({line(1, "a", 1)});
    CHECK(selected(view) == "a");
    view.update({});
    CHECK(view.lines().empty());
    CHECK(view.press('x', page) == View::Act::none);
    CHECK(view.press('y', page) == View::Act::none);
}

TEST_CASE("a question is about the process that was selected when it was asked") {
    View view('t');
    view.update({line(7, "b", 1)});
    view.press('x', page);
    view.update({line(8, "a", 1)});
    CHECK(view.press(key::none, page) == View::Act::none);
    CHECK(view.last_line().starts_with("Sweep process 7:"));
    CHECK(view.press('y', page) == View::Act::sweep);
    CHECK(view.target() == 7);
    CHECK(view.press('y', page) == View::Act::none);
}

TEST_CASE("a tag that has ended is hidden when nothing of it is open") {
    View view('t');
    view.update({line(1, "current", 0, true), line(1, "leaky", 1), line(1, "over", 0)});
    CHECK(view.lines().size() == 2);
    view.press('a', page);
    CHECK(view.lines().size() == 3);
    view.press('a', page);
    view.update({line(1, "over", 0)});
    CHECK(view.last_line() == "nothing is open; a shows ended tags");
}

TEST_CASE("q leaves the help first, and any key answers the question") {
    View view('o');
    view.update({line(1, "a", 1)});
    view.press('?', page);
    CHECK(view.shows_help());
    CHECK(view.press('q', page) == View::Act::none);
    CHECK(!view.shows_help());
    view.press('x', page);
    CHECK(view.press('q', page) == View::Act::none);
    CHECK(view.press('q', page) == View::Act::quit);
}

TEST_SUITE_END();
