// link: -lCppUTest -lpq
// A test of CppUTest's leaves a connection open.
#include "tests/programs/located.hh"

#include <CppUTest/CommandLineTestRunner.h>
#include <CppUTest/TestHarness.h>

TEST_GROUP(Orders){};

TEST(Orders, Load) {
    Database database; // calls
    CHECK_TRUE(database.is_open());
    end_test();
}

int main(int argc, char** argv) {
    return CommandLineTestRunner::RunAllTests(argc, argv);
}
