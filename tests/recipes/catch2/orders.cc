#include "../alone.hh"

#include <catch2/catch.hpp>

TEST_CASE("orders start alone") {
    CHECK(is_alone());
}
