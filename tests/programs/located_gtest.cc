// link: -lgtest -lgtest_main -lpq -pthread
// A test of GoogleTest's leaves a connection open.
#include "tests/programs/located.hh"

#include <gtest/gtest.h>

TEST(Orders, Load) {
    Database database; // calls
    EXPECT_TRUE(database.is_open());
    end_test();
}
