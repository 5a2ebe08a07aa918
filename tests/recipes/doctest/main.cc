#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "../alone.hh"

#include <cstdlib>
#include <doctest/doctest.h>

namespace {

bool connects_alone() {
    setenv("PQSWEEP_TAG", doctest::getContextOptions()->currentTest->m_test_suite, 1);
    return is_alone();
}

} // namespace

TEST_SUITE("accounts") {
    TEST_CASE("start alone") {
        CHECK(connects_alone());
    }
}

TEST_SUITE("orders") {
    TEST_CASE("start alone") {
        CHECK(connects_alone());
    }
}
