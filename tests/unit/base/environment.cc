#include "shim/base/environment.hh"

#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <string_view>

using namespace pqsweep;
using environment::Changed;

namespace {

constexpr const char* name = "PQSWEEP_TEST_OF_ENVIRONMENT";

// Returns what read() gives for the name, "unread" if it gives nothing.
std::string value(Changed changed) {
    std::string seen = "unread";
    const std::string_view names[] = {name};
    environment::read(
        names, 1, changed,
        [](void* context, const char* const* values) {
            *static_cast<std::string*>(context) = values[0] ? values[0] : "unset";
        },
        &seen);
    return seen;
}

} // namespace

TEST_SUITE_BEGIN("unit: environment");

TEST_CASE("a change that libc makes is its thread's to look at") {
    unsetenv(name);
    CHECK(value(Changed::by_anybody) == "unset");
    CHECK(environment::as_last_read());
    bool looks = false;
    {
        environment::Mutation mutation;
        setenv(name, "a", 1);
        mutation.made();
        CHECK(environment::as_last_read());
        CHECK(value(Changed::by_anybody) == "unread");
        SUBCASE("and it does") {
            looks = true;
            CHECK(value(Changed::by_libc) == "a");
            mutation.looked_at();
            CHECK(environment::as_last_read());
        }
        SUBCASE("and it does not") {}
    }
    CHECK(environment::as_last_read() == looks);
    CHECK(value(Changed::by_anybody) == "a");
    setenv(name, "b", 1);
    CHECK_FALSE(environment::as_last_read());
    CHECK(value(Changed::by_anybody) == "b");
    unsetenv(name);
    environment::doubt();
}

TEST_SUITE_END();
