#include "shim/origin/capture.hh"

#include <doctest/doctest.h>

using namespace pqsweep::origin;

TEST_SUITE_BEGIN("unit: origin");

TEST_CASE("the place of a line, without its function") {
    CHECK(place("/a b/c.py:12 main") == "/a b/c.py:12");
    CHECK(place("c.py:12 <module>") == "c.py:12");
}

TEST_CASE("the file and the function of a line") {
    CHECK(file("/a b/c:d.py:12 main") == "/a b/c:d.py");
    CHECK(function("/a b/c:d.py:12 main") == "main");
    CHECK(file("") == "");
    CHECK(function("") == "");
}

TEST_SUITE_END();
