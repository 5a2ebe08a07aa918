#include "../alone.hh"

#include <catch2/catch.hpp>

TEST_CASE("accounts start alone") {
    CHECK(is_alone());
}
