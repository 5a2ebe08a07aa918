// Runs the chaos for a short time, on a server of its own. `make chaos` runs it longer.
#include "tests/support/program.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

TEST_SUITE_BEGIN("process: chaos");

TEST_CASE("ten seconds of what programs, servers and networks do") {
    Program run({"/bin/sh", "-c",
                 "exec tests/bin/with-server -c max_connections=400 -- tests/chaos/run " + build_directory() +
                     " --seconds 10 --preload '" + sanitizer_runtime() + "'"},
                {}, Program::Shim::absent);
    INFO(run.output());
    CHECK(run.finish() == 0);
    CHECK(run.output().find(" 0 violations") != std::string::npos);
    MESSAGE(run.output().substr(run.output().rfind("chaos: ")));
}

TEST_SUITE_END();
