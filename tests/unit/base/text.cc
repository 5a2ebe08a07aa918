#include "shim/base/text.hh"

#include <doctest/doctest.h>

using namespace pqsweep;

TEST_SUITE_BEGIN("unit: text");

TEST_CASE("no control character reaches a terminal") {
    char buffer[64];
    auto written = [&](std::string_view text) { return (Text(buffer) << text).view(); };
    CHECK(written("a\n\x1b[1m\x7f") == "a??[1m?");
    CHECK(written("\xc2\x9b"
                  "2J") == "?2J");
    CHECK(written("\x9b"
                  "2J") == "?2J");
    CHECK(written("\xc3\x9b \xe2\x82\xac \xc2\xa0") == "\xc3\x9b \xe2\x82\xac \xc2\xa0");
    CHECK(written("\xc2") == "\xc2");
}

TEST_SUITE_END();
