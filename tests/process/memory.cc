// Measures how much of a process's memory preloading takes.
#include "tests/support/program.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>
#include <fstream>
#include <sstream>

using namespace pqsweep::tests;

namespace {

struct Mapping {
    std::string line;
    bool is_writable = false, is_anonymous = false, has_small_pages = false;
    long kilobytes = 0, dirty = 0;
};

std::vector<Mapping> mappings(const Program& program) {
    std::vector<Mapping> all;
    std::ifstream smaps("/proc/" + std::to_string(program.pid()) + "/smaps");
    for (std::string line; std::getline(smaps, line);) {
        std::istringstream words(line);
        std::string first, second;
        words >> first >> second;
        if (first.back() != ':')
            all.push_back({line, second[1] == 'w', line.ends_with(" 0 ") || line.ends_with(" 0")});
        else if (first == "Size:")
            all.back().kilobytes = stol(second);
        else if (first == "Private_Dirty:")
            all.back().dirty = stol(second);
        else if (first == "VmFlags:")
            all.back().has_small_pages = line.find(" nh") != line.npos;
    }
    return all;
}

} // namespace

TEST_SUITE_BEGIN("process: memory");

TEST_CASE("large arrays never come in huge pages") {
    if (!std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"))
        SKIP("this kernel has no huge pages");
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer's own mappings are as large");
    Program client({"client"}, {{"PQSWEEP_TAG", "one"}});
    client.say("open c");
    int large = 0;
    for (const Mapping& mapping : mappings(client)) {
        if (!mapping.is_writable || !mapping.is_anonymous || mapping.kilobytes < 2048)
            continue;
        INFO(mapping.line);
        CHECK(mapping.has_small_pages);
        large++;
    }
    CHECK(large >= 1); // the table
    CHECK(client.finish() == 0);
}

TEST_CASE("a program with a limited address space has it for itself") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer needs terabytes");
    Program program({"limited_memory"});
    CHECK(program.finish() == 0);
    CHECK(program.output() == "works\n");
    CHECK(program.errors() == "");
}

TEST_CASE("a program that locks its memory locks no table") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer locks nothing");
    Program program({"locked_memory"});
    CHECK(program.finish() == 0);
    std::string output = program.output();
    if (output == "may not lock\n")
        SKIP("this user may not lock memory");
    CHECK(output == "locked 0 MB, resident 0 MB, connected\n");
}

TEST_CASE("a process that never connects has next to nothing of it") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitized shim writes more");
    Program client({"client"});
    client.say("status c");
    long dirty = 0;
    bool is_ours = false;
    for (const Mapping& mapping : mappings(client)) {
        // The kernel maps zeroed memory right behind the object's own mappings.
        is_ours =
            mapping.line.find("/libpqsweep.so") != std::string::npos || (is_ours && mapping.is_anonymous);
        if (is_ours && mapping.is_writable)
            dirty += mapping.dirty;
    }
    CHECK(dirty > 0);
    CHECK(dirty <= 64);
    CHECK(client.finish() == 0);
}

TEST_SUITE_END();
