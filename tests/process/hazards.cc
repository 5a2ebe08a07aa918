// Each hazard has a small program: something that other people's programs do and that could hurt them or pqsweep.
#include "tests/support/program.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

const Environment in_tag_a{{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}, {"PQSWEEP_REVIVE", "0"}};

void check_all_well(Program& program) {
    CHECK(program.finish() == 0);
    CHECK(program.output() == "all well\n");
    CHECK(program.errors() == "");
}

} // namespace

TEST_SUITE_BEGIN("process: hazards");

TEST_CASE("threads that use and finish connections during 1,000 tag changes, and while they are revived") {
    Server server;
    struct Round {
        const char *revive, *changes, *settle;
    };
    for (const Round& round : {Round{"0", "1000", "0"}, Round{"1", "100", "20"}}) {
        Program program({"threads", round.changes}, {{"PQSWEEP_REPORT", "never"},
                                                     {"PQSWEEP_REVIVE", round.revive},
                                                     {"PQSWEEP_SETTLE", round.settle},
                                                     {"PGOPTIONS", "-c client_min_messages=error"}});
        check_all_well(program);
        CHECK(server.is_clear_of(program.application()));
    }
}

TEST_CASE("sweeps that overtake a revival") {
    Program program({"overtaken"}, {{"PQSWEEP_REPORT", "never"}});
    check_all_well(program);
}

TEST_CASE("an environment that moves while a connection is revived") {
    if (!sanitizer_runtime().empty())
        SKIP("the program's realloc is its own, and a sanitizer's runtime calls it before it can watch it");
    Program program({"revival_environment"}, {{"PQSWEEP_REPORT", "never"}, {"MALLOC_PERTURB_", "85"}});
    check_all_well(program);
}

TEST_CASE("descriptor numbers that became other sockets") {
    Program program({"descriptor_reuse"}, in_tag_a);
    check_all_well(program);
}

TEST_CASE("forks: children never harm the parent's connections, nor does its end a daemon's") {
    Server server;
    Program program({"forks"}, in_tag_a);
    CHECK(program.finish() == 0);
    CHECK(program.output() == "the parent's connections work\nthe daemon's connection works\n");
    CHECK(program.errors() == "");
}

TEST_CASE("tail calls into libpq") {
    Program program({"tail_call"}, in_tag_a);
    check_all_well(program);
}

TEST_CASE("a library constructor that connects before ours ran") {
    Program program({"early"}, in_tag_a);
    CHECK(program.finish() == 0);
    CHECK(program.output() == "swept\n");
}

TEST_CASE(
    "RTLD_LOCAL plugins with a libpq each, with RTLD_DEEPBIND or not: every connection goes to its own") {
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"two_libpqs"}, {"two_libpqs", "deepbind"}}) {
        if (command.size() > 1 && !sanitizer_runtime().empty())
            continue; // the sanitizer's dlopen, which comes first, refuses RTLD_DEEPBIND
        Program program(command, {{"PQSWEEP_REPORT", "always"}, {"PQSWEEP_REVIVE", "0"}});
        CHECK(program.finish() == 0);
        CHECK(program.output() == "invalid conn, [], FATAL:  terminating connectio\n"
                                  "INVALID conn, [], FATAL:  terminating connectio\n"
                                  "invalid conn, [], FATAL:  terminating connectio\n");
        CHECK(program.errors().find("3 stragglers swept") != std::string::npos);
    }
}

TEST_CASE("the loader answers every caller as it does without us") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer's runtime calls dlopen in the program's stead");
    auto run = [](Program::Shim shim) {
        Program program({"loader"}, {}, shim);
        CHECK(program.finish() == 0);
        CHECK(program.errors() == "");
        return program.output();
    };
    std::string expected = run(Program::Shim::absent);
    CHECK(expected.find("invalid conn") != std::string::npos);
    CHECK(expected.find("INVALID conn") != std::string::npos);
    CHECK(run(Program::Shim::preloaded) == expected);
}

TEST_CASE("jumps out of a blocked call, by a signal handler and by pthread_cancel") {
    if (!sanitizer_runtime().empty())
        SKIP("the sanitizers lose track of the stack when pthread_cancel unwinds it");
    Server server;
    Program program({"jumps"}, in_tag_a);
    CHECK(program.read_line() == "both were left");
    CHECK(server.has(program.application(), 2));
    CHECK(program.say("change") == "changed");
    CHECK(server.is_clear_of(program.application()));
    CHECK(program.finish() == 0);
}

TEST_CASE("a PGconn that we never saw, and none at all") {
    Program program({"untracked"}, in_tag_a);
    check_all_well(program);
}

TEST_SUITE_END();
