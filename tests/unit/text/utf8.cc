#include "tools/text/utf8.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tools;

TEST_SUITE_BEGIN("unit: utf8");

TEST_CASE("what does not fit is left out in the middle, in whole characters") {
    CHECK(shortened("short", 5) == "short");
    CHECK(shortened("a long text", 9) == "a ...text");
    CHECK(shortened("äöüäöüäöüäöü", 9) == "äö...üäöü");
    CHECK(width_of(shortened("äöüäöüäöüäöü", 9)) <= 9);
    CHECK(shortened("äöü", 2) == "äö");
    CHECK(end_of("short", 5) == "short");
    CHECK(end_of("äöüäöü", 5) == "...öü");
    CHECK(end_of("äöü", 2) == "öü");
    CHECK(padded("ä", 3) == "ä  ");
    CHECK(printable("a\n\x1b[1mé") == "a??[1mé");
}

TEST_CASE("a text is broken at blanks, and loses nothing") {
    using Lines = std::vector<std::string>;
    CHECK(wrapped("one two three", 20) == Lines{"one two three"});
    CHECK(wrapped("one two three", 8) == Lines{"one two", "  three"});
    CHECK(wrapped("  äöü äöü äöü", 9) == Lines{"  äöü äöü", "    äöü"});
    CHECK(wrapped("a path/that/is/wider b", 9) == Lines{"a", "  path/that/is/wider", "  b"});
    CHECK(wrapped("", 9) == Lines{""});
}

TEST_SUITE_END();
