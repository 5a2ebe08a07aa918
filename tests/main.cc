// Runs all tests and ends with one line: N passed, N failed, N skipped.
#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/support/skip.hh"

#include <cstdio>
#include <doctest/doctest.h>

namespace pqsweep::tests {

namespace {

struct Count {
    unsigned passed = 0, failed = 0, skipped = 0;
};
Count count;
bool was_skipped;
const char* running = "";

struct Counter : doctest::IReporter {
    explicit Counter(const doctest::ContextOptions&) {}
    void test_case_start(const doctest::TestCaseData& test) override {
        was_skipped = false;
        running = test.m_name;
    }
    void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
        if (stats.failure_flags)
            count.failed++;
        else if (was_skipped)
            count.skipped++;
        else
            count.passed++;
    }
    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_run_end(const doctest::TestRunStats&) override {}
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("counter", 1, Counter);

} // namespace

void note_skip(const std::string& reason) {
    was_skipped = true;
    printf("skipped: %s: %s\n", running, reason.c_str());
}

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    int status = context.run();
    if (!context.shouldExit())
        printf("%u passed, %u failed, %u skipped\n", count.passed, count.failed, count.skipped);
    return status;
}

} // namespace pqsweep::tests

int main(int argc, char** argv) {
    return pqsweep::tests::main(argc, argv);
}
