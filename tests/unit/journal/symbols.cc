#include "tools/journal/function_name.hh"
#include "tools/journal/own_frames.hh"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <libpq-fe.h>
#include <link.h>
#include <sstream>

using pqsweep::tools::NativeFrame;
using pqsweep::tools::own_frames;
using pqsweep::tools::symbolise;

namespace pqsweep::tests {

constexpr int line_of_here = __LINE__ + 1;
[[gnu::noinline]] const void* here(int) {
    return __builtin_return_address(0);
}

struct Inner {
    static constexpr int line = __LINE__ + 1;
    [[gnu::always_inline]] static inline const void* run(int number) { return here(number); }
};

[[gnu::noinline]] const void* outer(int number) {
    const void* place = Inner::run(number);
    asm volatile("" : : "r"(place)); // no tail call
    return place;
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

TEST_CASE("a function of a stripped library, and one of a program with its line") {
    CHECK(symbolise(frame_of(dlsym(RTLD_DEFAULT, "PQconnectdb"))).at(0).function == "PQconnectdb");
    auto frame = symbolise(frame_of(reinterpret_cast<const void*>(&pqsweep::tests::here))).at(0);
    CHECK(frame.function == "pqsweep::tests::here");
    CHECK(frame.file.ends_with("tests/unit/journal/symbols.cc"));
    CHECK(frame.line >= pqsweep::tests::line_of_here); // a sanitizer's code comes first
    CHECK(frame.line <= pqsweep::tests::line_of_here + 2);
}

TEST_CASE("functions that the compiler has put into another one are frames, the innermost first") {
    const auto& frames = symbolise(frame_of(static_cast<const char*>(pqsweep::tests::outer(1)) - 1));
    REQUIRE(frames.size() >= 2);
    CHECK(frames[0].function == "pqsweep::tests::Inner::run");
    CHECK(frames[0].line == pqsweep::tests::Inner::line);
    CHECK(frames[1].function == "pqsweep::tests::outer");
    CHECK(frames[1].line == pqsweep::tests::Inner::line + 4);
}

TEST_CASE("what can't be told stays as it is, and so does a file that was built again") {
    std::string here = frame_of(reinterpret_cast<const void*>(&pqsweep::tests::here));
    const std::vector<std::string> unknown{"",
                                           "/nonexistent+0x12",
                                           "/etc/passwd+0x0",
                                           "main",
                                           "/bin/sh+0x",
                                           "/bin/sh+0x1z",
                                           "/proc/self/exe+0xffffffffffffffff",
                                           "/tmp+0x1",
                                           "0123456789abcdef " + here};
    for (const std::string& call : unknown) {
        CHECK(symbolise(call).size() == 1);
        CHECK(symbolise(call)[0].module.ends_with(call.substr(call.find(' ') + 1)));
        CHECK(symbolise(call)[0].function == "");
    }
}

TEST_CASE("a function's name is short") {
    const std::pair<const char*, const char*> names[] = {
        {"main", "main"},
        {"_ZN12_GLOBAL__N_16Orders4loadERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
         "Orders::load"},
        {"_ZN5outer3runIiEEbT_", "outer::run<>"},
        {"_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()"},
        {"_ZlsRSoRK6Orders", "operator<<"},
        {"_ZN6OrderscvbEv", "Orders::operator bool"},
    };
    for (const auto& [linkage, name] : names)
        CHECK(pqsweep::tools::short_function_name(linkage) == name);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("unit: own frames");

TEST_CASE("libraries, system headers and the test framework are left out, and what called the framework") {
    std::vector<NativeFrame> frames{
        {"/usr/lib/libpq.so.5", "", 0, "PQconnectdb"},
        {"/home/me/tests", "/usr/include/pqxx/connection.hxx", 9, "pqxx::connection::connection"},
        {"/home/me/tests", "/home/me/db.cc", 16, "open"},
        {"/home/me/tests", "/usr/include/c++/12/bits/invoke.h", 61, "std::invoke<>"},
        {"/home/me/tests", "/home/me/gmock.h", 1, "testing::internal::FunctionMocker<>::Invoke"},
        {"/home/me/libshop.so", "/home/me/repo.cc", 21, "Repo::load"},
        {"/home/me/tests", "/home/me/test_users.cc", 8, "Users_Load_Test::TestBody"},
        {"/home/me/tests", "", 0, "testing::Test::Run"},
        {"/home/me/tests", "/home/me/main.cc", 5, "main"},
        {"/usr/lib/libc.so.6", "", 0, "__libc_start_main"},
    };
    std::string names;
    for (const NativeFrame& frame : own_frames(frames))
        names += frame.function + " ";
    CHECK(names == "open Repo::load Users_Load_Test::TestBody ");
}

TEST_CASE("without lines, the functions of the program; of nothing but libraries, all") {
    std::vector<NativeFrame> frames{
        {"/opt/libpq.so.5", "", 0, "PQconnectdb"}, {"app", "", 0, "load"}, {"app", "", 0, "main"}};
    CHECK(own_frames(frames).at(0).function == "load");
    frames.resize(1);
    CHECK(own_frames(frames).at(0).function == "PQconnectdb");
    CHECK(own_frames({}).empty());
}

TEST_SUITE_END();
