// link: -lgtest -lgtest_main
#include "../alone.hh"

#include <cstdlib>
#include <gtest/gtest.h>

namespace {

struct TagBySuite : testing::EmptyTestEventListener {
    void OnTestSuiteStart(const testing::TestSuite& suite) override { setenv("PQSWEEP_TAG", suite.name(), 1); }
};
const bool is_told = (testing::UnitTest::GetInstance()->listeners().Append(new TagBySuite), true);

TEST(Accounts, StartAlone) {
    EXPECT_TRUE(is_alone());
}

TEST(Orders, StartAlone) {
    EXPECT_TRUE(is_alone());
}

} // namespace
