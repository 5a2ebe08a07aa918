#include "tools/journal/symbols.hh"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <libpq-fe.h>
#include <link.h>
#include <sstream>

using pqsweep::tools::symbolise;

namespace pqsweep::tests {

[[gnu::noinline]] const void* here(int) {
    return __builtin_return_address(0);
}

} // namespace pqsweep::tests

namespace {

// Writes an address of this process as the shim does.
std::string frame_of(const void* address) {
    Dl_info info;
    link_map* map = nullptr;
    REQUIRE(dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP));
    std::ostringstream frame;
    frame << (*map->l_name ? map->l_name : "/proc/self/exe") << "+0x" << std::hex
          << reinterpret_cast<uintptr_t>(address) - map->l_addr;
    return frame.str();
}

} // namespace

TEST_SUITE_BEGIN("unit: symbols");

TEST_CASE("a function of a stripped library, and one of a program, demangled") {
    CHECK(symbolise(frame_of(dlsym(RTLD_DEFAULT, "PQconnectdb"))).ends_with(" PQconnectdb"));
    CHECK(symbolise(frame_of(reinterpret_cast<const void*>(&pqsweep::tests::here))) ==
          "exe pqsweep::tests::here(int)");
}

TEST_CASE("what can't be told stays as it is") {
    for (std::string frame : {"", "/nonexistent+0x12", "/etc/passwd+0x0", "main", "/bin/sh+0x",
                              "/bin/sh+0x1z", "/proc/self/exe+0xffffffffffffffff", "/tmp+0x1"})
        CHECK(symbolise(frame) == frame);
}

TEST_SUITE_END();
