// Builds and starts a client as others do: with sanitizers, as PIE or not, beside other preloaded libraries,
// under valgrind. In all of them it is swept and revived, and no tool complains.
#include "tests/support/outcome.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>
#include <filesystem>

using namespace pqsweep::tests;

namespace {

std::string host(const std::string& variant) {
    return build_directory() + "/hosts/" + variant;
}

// Returns what the client and its host wrote to stderr.
std::string sweep_and_revive(const std::vector<std::string>& command, const Environment& environment = {}) {
    Server server;
    Program program(run_command({"--tag", "a", "--report", "never"}, command), environment,
                    Program::Shim::absent);
    CHECK(program.read_line() == "open");
    CHECK(server.has(program.application(), 4));
    CHECK(program.say("b") == "changed");
    CHECK(server.is_clear_of(program.application()));
    CHECK(program.say("c") == "revived");
    CHECK(program.read_line() == "revived in a thread");
    CHECK(program.read_line() == "terminating connection: pqsweep closed it when its test module ended");
    CHECK(server.has(program.application(), 2));
    CHECK(program.say("d") == "done");
    CHECK(program.finish() == 0);
    return program.errors();
}

} // namespace

TEST_SUITE_BEGIN("process: hosts");

TEST_CASE("programs that gcc built: PIE or not, bound at start or lazily, wanting versioned symbols, with "
          "sanitizers") {
    if (!sanitizer_runtime().empty())
        SKIP("the shim itself is sanitized");
    for (const char* variant : {"pie", "no-pie", "now", "lazy", "versioned", "gcc-asan", "gcc-tsan"}) {
        CAPTURE(std::string(variant));
        CHECK(sweep_and_revive({host(variant)}) == "");
    }
}

TEST_CASE("programs that clang built with sanitizers") {
    if (!sanitizer_runtime().empty())
        SKIP("the shim itself is sanitized");
    if (!std::filesystem::exists(host("clang-asan")))
        SKIP("clang or its sanitizers' runtime (libclang-rt-dev) is missing");
    for (const char* variant : {"clang-asan", "clang-tsan"}) {
        CAPTURE(std::string(variant));
        CHECK(sweep_and_revive({host(variant)}) == "");
    }
    // MSan does not see what libpq wrote, and reports that with pqsweep and without. It must find no fault in pqsweep.
    std::string reports =
        sweep_and_revive({host("clang-msan")}, {{"MSAN_OPTIONS", "halt_on_error=0:exit_code=0"}});
    CHECK(reports.find("#0 ") != std::string::npos);
    for (size_t at = 0; (at = reports.find("#0 ", at)) != std::string::npos; at++) {
        std::string accused = reports.substr(at, reports.find('\n', at) - at);
        CAPTURE(accused);
        CHECK(accused.find("/shim/") == std::string::npos);
        CHECK(accused.find("libpqsweep") == std::string::npos);
    }
}

TEST_CASE("other preloaded libraries, behind us and before us") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer's runtime must come first");
    for (const std::string& other :
         {std::string("libjemalloc.so.2"), std::string("libtcmalloc_minimal.so.4"),
          std::string("libeatmydata.so"), std::string("/usr/$LIB/faketime/libfaketime.so.1")}) {
        for (const std::string& preload : {other, other + ":" + build_directory() + "/libpqsweep.so"}) {
            CAPTURE(preload);
            CHECK(sweep_and_revive({host("pie")}, {{"LD_PRELOAD", preload}, {"FAKETIME", "-10d"}}) == "");
        }
    }
}

TEST_CASE("under valgrind") {
    if (!sanitizer_runtime().empty())
        SKIP("valgrind and the sanitizers do not go together");
    CHECK(sweep_and_revive({"valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full", host("pie")}) ==
          "");
}

TEST_SUITE_END();
