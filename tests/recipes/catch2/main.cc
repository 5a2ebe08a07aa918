// link: -lCatch2WithMain
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>
#include <cstdlib>

namespace {

struct TagByFile : Catch::TestEventListenerBase { // Catch2 3: EventListenerBase
    using TestEventListenerBase::TestEventListenerBase;
    void testCaseStarting(const Catch::TestCaseInfo& test) override { setenv("PQSWEEP_TAG", test.lineInfo.file, 1); }
};
CATCH_REGISTER_LISTENER(TagByFile)

} // namespace
