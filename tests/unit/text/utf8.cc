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
    CHECK(padded("ä", 3) == "ä  ");
    CHECK(printable("a\n\x1b[1mé") == "a??[1mé");
}

TEST_SUITE_END();
