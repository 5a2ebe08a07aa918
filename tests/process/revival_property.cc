// Random programs in sessions that come and go: tests/programs/random_sessions.cc says how they are compared.
#include "tests/support/program.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

TEST_SUITE_BEGIN("process: revival property");

TEST_CASE("random programs, random sweeps") {
    Program program({"random_sessions", "40"});
    CHECK(program.finish() == 0);
    CAPTURE(program.output());
    CHECK(program.output().ends_with(" 0 differences\n"));
}

TEST_SUITE_END();
