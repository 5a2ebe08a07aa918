// Suites as people wrote them, which would hang on a lock of their own run: `pqsweep run --unblock` has them go on.
#include "tests/support/files.hh"
#include "tests/support/home.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

using namespace pqsweep::tests;

namespace {

Outcome unblocked(const std::vector<std::string>& suite) {
    Home home;
    return run_suite({"--no-adapters", "--unblock", "1"}, suite, home.with({{"PYTHONWARNINGS", "ignore"}}));
}

std::vector<std::string> pytest(const std::string& suite, const std::vector<std::string>& options = {}) {
    std::vector<std::string> command{"/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"--rootdir", suite, suite});
    return command;
}

} // namespace

TEST_SUITE_BEGIN("process: waiting");

TEST_CASE("pytest suites that would hang go on, and pass or fail as their own asserts say") {
    Outcome suite = unblocked(pytest("tests/fixtures/suites/waiting"));
    CAPTURE(suite.output);
    CAPTURE(suite.errors);
    CHECK(suite.status == 1);
    CHECK(contains(suite.output, "\n1 failed, 9 passed"));
    CHECK(contains(suite.output, "test_traceback.py::test_fails"));
    const std::string& errors = suite.errors;
    CHECK(contains(errors, "\npqsweep: test_cell.py::test_drops (call) has waited "));
    CHECK(contains(errors, "    opened by test_cell.py::test_creates (call)\n"));
    CHECK(contains(errors, "      at tests/fixtures/suites/waiting/test_cell.py:8 connect\n"
                           "       < tests/fixtures/suites/waiting/test_cell.py:16\n"));
    CHECK(contains(errors, "    last used by test_cell.py::test_searches (call)\n"));
    CHECK(contains(errors, "      needs AccessExclusiveLock on table waiting_cell\n"));
    for (const char* table : {"waiting_order", "waiting_thread", "waiting_traceback", "waiting_psql"})
        CHECK(contains(errors, std::string("AccessExclusiveLock on table ") + table + "\n"));
}

TEST_CASE("a pytest-xdist worker that waits for another one goes on") {
    Outcome suite =
        unblocked(pytest("tests/fixtures/suites/waiting_xdist", {"-n", "2", "--dist", "loadfile"}));
    if (contains(suite.errors + suite.output, "unrecognized arguments"))
        SKIP("pytest-xdist is not installed");
    CAPTURE(suite.output);
    CAPTURE(suite.errors);
    CHECK(suite.status == 0);
    CHECK(contains(suite.output, "2 passed"));
    CHECK(contains(suite.errors, "AccessExclusiveLock on table waiting_worker\n"));
}

TEST_CASE("suites of other frameworks that would hang go on") {
    auto [runner, passed, lock] = std::tuple<std::vector<std::string>, std::string, std::string>{};
    SUBCASE("Django: flush after a test whose other thread is left in a transaction") {
        runner = {"/usr/bin/python3", "tests/fixtures/suites/waiting_django.py"};
        passed = "Ran 2 tests";
        lock = "waiting_page";
    }
    SUBCASE("ActiveRecord: truncation beside a thread of the application") {
        runner = {"/usr/bin/ruby", "-W0", "tests/fixtures/suites/waiting_active_record.rb"};
        passed = "2 runs, 2 assertions, 0 failures, 0 errors";
        lock = "waiting_posts";
    }
    SUBCASE("asyncpg, a driver without libpq, waits for a test's transaction") {
        runner = {"/usr/bin/python3", "tests/fixtures/suites/waiting_asyncpg.py"};
        passed = "Ran 2 tests";
        lock = "waiting_basket";
    }
    SUBCASE("googletest: a fixture's TRUNCATE") {
        runner = {build_directory() + "/programs/waits_gtest"};
        passed = "[  PASSED  ] 2 tests.";
        lock = "waiting_book";
    }
    Outcome suite = unblocked(runner);
    if (suite.status == 77)
        SKIP("this framework is not installed");
    CAPTURE(suite.output);
    CAPTURE(suite.errors);
    CHECK(suite.status == 0);
    CHECK(contains(suite.output + suite.errors, passed));
    CHECK(contains(suite.errors, "needs AccessExclusiveLock on table " + lock + "\n"));
}

TEST_SUITE_END();
