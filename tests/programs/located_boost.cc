// link: -lboost_unit_test_framework -lpq
// A test of Boost.Test's leaves a connection open.
#define BOOST_TEST_MODULE located
#define BOOST_TEST_DYN_LINK
#include "tests/programs/located.hh"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(load) {
    Database database; // calls
    BOOST_TEST(database.is_open());
    end_test();
}
