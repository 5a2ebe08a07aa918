#include "shim/base/settings.hh"

#include <doctest/doctest.h>
#include <string>

using namespace pqsweep;

namespace {

bool parse(std::string_view variable, std::string_view text, Settings& into) {
    for (const Setting& setting : all_settings())
        if (variable == setting.variable)
            return setting.parse(text, into);
    return false;
}

} // namespace

TEST_SUITE_BEGIN("unit: settings");

TEST_CASE("every default is accepted") {
    Settings settings{};
    for (const Setting& setting : all_settings())
        CHECK(setting.parse(setting.fallback, settings));
    CHECK(settings.revive);
    CHECK_FALSE(settings.appname);
    CHECK(settings.scope == Scope::module);
    CHECK(settings.stacks == Stacks::python);
    CHECK(settings.report == Report::stragglers);
    CHECK(settings.fail_on == fail_on_abandoned);
    CHECK(settings.tag_from.size == 1);
    CHECK(settings.tag_from.items[0] == "PYTEST_CURRENT_TEST");
    CHECK(settings.keep.size == 0);
}

TEST_CASE("good values") {
    Settings s{};
    CHECK(parse("PQSWEEP_GRACE", "1000000", s));
    CHECK(s.grace.if_restorable == 1000000);
    CHECK(s.grace.if_doubtful == 1000000);
    CHECK(parse("PQSWEEP_GRACE", "auto", s));
    CHECK(s.grace.if_restorable == 0);
    CHECK(s.grace.if_doubtful == 1);
    CHECK(parse("PQSWEEP_EXITCODE", "255", s));
    CHECK(s.exit_code == 255);
    CHECK(parse("PQSWEEP_FAIL_ON", "exit,transaction", s));
    CHECK(s.fail_on == (fail_on_exit | fail_on_transaction));
    CHECK(parse("PQSWEEP_TAG_FROM", "A,B", s));
    CHECK(s.tag_from.size == 2);
    CHECK(parse("PQSWEEP_TAG_FROM", "", s));
    CHECK(s.tag_from.size == 0);
    CHECK(parse("PQSWEEP_KEEP", "test=a::b[x=1],state=transaction", s));
    CHECK(s.keep.size == 2);
    CHECK(s.keep.items[0].field == KeepField::test);
    CHECK(s.keep.items[0].glob == "a::b[x=1]");
    CHECK(s.keep.items[1].field == KeepField::state);
}

TEST_CASE("bad values are refused and change nothing") {
    Settings s{};
    CHECK(parse("PQSWEEP_KEEP", "db=x", s));
    std::string too_many = "db=x";
    for (int i = 0; i < 64; i++)
        too_many += ",db=x";
    CHECK_FALSE(parse("PQSWEEP_KEEP", too_many, s));
    for (const char* bad : {"db", "db=", "=x", "colour=x", ",db=x", "db=x,", "db=x,,user=y"})
        CHECK_FALSE(parse("PQSWEEP_KEEP", bad, s));
    CHECK(s.keep.size == 1);
    for (const char* bad : {"", "-1", "+1", "1 ", "1x", "1000001", "99999999999999999999999", "0x1"})
        CHECK_FALSE(parse("PQSWEEP_GRACE", bad, s));
    for (const char* bad : {"256", "", "one"})
        CHECK_FALSE(parse("PQSWEEP_EXITCODE", bad, s));
    for (const char* bad : {"", "abandoned,", "always", "Abandoned"})
        CHECK_FALSE(parse("PQSWEEP_FAIL_ON", bad, s));
    for (const char* bad : {"yes", "", "2", "01"})
        CHECK_FALSE(parse("PQSWEEP_DISABLE", bad, s));
    for (const char* bad : {"", "2", "Python", "all"})
        CHECK_FALSE(parse("PQSWEEP_STACKS", bad, s));
    for (const char* bad : {"A=B", "A,,B"})
        CHECK_FALSE(parse("PQSWEEP_TAG_FROM", bad, s));
}

TEST_CASE("globs: * and ?, and everything else as it stands") {
    CHECK(glob_matches("*", ""));
    CHECK(glob_matches("a*c", "abbbc"));
    CHECK(glob_matches("a*c", "acc"));
    CHECK(glob_matches("*[x-1]*", "t.py::test[x-1] (call)"));
    CHECK(glob_matches("a?c", "abc"));
    CHECK(glob_matches("**", "x"));
    CHECK(glob_matches("*a*b", "ababab"));
    CHECK_FALSE(glob_matches("", "a"));
    CHECK_FALSE(glob_matches("a?c", "ac"));
    CHECK_FALSE(glob_matches("[ab]", "a"));
    CHECK_FALSE(glob_matches("a*", "ba"));
    CHECK_FALSE(glob_matches("*ab", "aba"));
}

TEST_SUITE_END();
