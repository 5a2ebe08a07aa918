// Measures how much of a process's memory preloading takes.
#include "tests/support/home.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <sys/resource.h>

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

// The command line of a shell command whose address space (-v) or data (-d) is limited to that many kB.
std::vector<std::string> limited(const std::string& kilobytes, const std::string& command,
                                 const std::string& resource = "-v") {
    return {"/bin/sh", "-c", "ulimit -S " + resource + " " + kilobytes + " && exec " + command};
}

std::vector<std::string> limited_client(const std::string& kilobytes) {
    return limited(kilobytes, build_directory() + "/programs/client");
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

TEST_CASE("a program with little address space has a small table: it is tracked, swept, revived and seen") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer needs terabytes");
    Home home;
    Server server;
    Program program(limited_client("80000"),
                    home.with({{"PQSWEEP_TAG", "a"}, {"PQSWEEP_GRACE", "0"}, {"PQSWEEP_REPORT", "always"}}));
    CHECK(program.say("open c") == "ok");
    CHECK(program.say("open d") == "ok");
    CHECK(program.say("exec d begin") == "PGRES_COMMAND_OK");
    CHECK(program.say("allocate m 20") == "ok");
    CHECK(listed(home, "ps", program)[0]["live"] == 2);
    CHECK(listed(home, "ls", program).size() == 2);
    CHECK(server.has(program.application(), 2));
    CHECK(program.say("setenv PQSWEEP_TAG b") == "0");
    CHECK(server.is_clear_of(program.application()));
    CHECK(program.say("exec c select 7") == "PGRES_TUPLES_OK 7");
    CHECK(contains(program.say("exec d select 7"), "57P01"));
    // The tools have the address space of the programs that they look at.
    std::string command = build_directory() + "/pqsweep sweep " + pid_of(program);
    Outcome sweep = outcome_of(limited("80000", command), home.with());
    CHECK(sweep.output == swept(program, "1 swept (1 idle, 0 in transaction, 0 running)"));
    CHECK(server.is_clear_of(program.application()));
    CHECK(program.say("exec c select 8") == "PGRES_TUPLES_OK 8");
    CHECK(program.say("finish c") == "ok");
    CHECK(program.say("finish d") == "ok");
    CHECK(program.say("allocate m 20") == "ok");
    CHECK(program.finish() == 0);
    CAPTURE(program.errors());
    CHECK(contains(program.errors(), "3 stragglers swept (2 idle, 1 in transaction, 0 running)"));
}

TEST_CASE("the tools read a whole board in a shell with little address space, or say that they can't") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer needs terabytes");
    Home home;
    Program program({"client"}, home.with({{"PQSWEEP_TAG", "a"}}));
    CHECK(program.say("open c") == "ok");
    const std::string ps = build_directory() + "/pqsweep ps";
    Outcome enough = outcome_of(limited("60000", ps), home.with());
    CHECK(contains(enough.output, pid_of(program)));
    CHECK(enough.errors == "");
    Outcome little = outcome_of(limited("30000", ps), home.with());
    CHECK(contains(little.errors, "more than the limit of this shell leaves (ulimit -v)\n"));
    CHECK(little.status == 1); // as where nothing of ours runs
    CHECK(program.finish() == 0);
}

TEST_CASE("connections for which a small table has no room work untracked, and are counted") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer needs terabytes");
    constexpr int room = 2048, more = 3;
    Server server;
    Program program(limited_client("30000"), {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "always"}});
    CHECK(program.say("open tracked") == "ok");
    // libpq needs 32 kB for each.
    const rlimit none{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    REQUIRE(prlimit(program.pid(), RLIMIT_AS, &none, nullptr) == 0);
    for (int i = 1; i < room; i++)
        REQUIRE(program.say("open c" + std::to_string(i) + " host=/nonexistent").starts_with("bad"));
    for (int i = 0; i < more; i++)
        CHECK(program.say("open untracked" + std::to_string(i)) == "ok");
    CHECK(program.say("setenv PQSWEEP_TAG b") == "0");
    CHECK(server.has(program.application(), more));
    for (int i = 0; i < more; i++)
        CHECK(program.say("exec untracked" + std::to_string(i) + " select 1") == "PGRES_TUPLES_OK 1");
    CHECK(program.say("finish c1") == "ok");
    CHECK(program.say("open c1") == "ok");
    CHECK(program.say("setenv PQSWEEP_TAG c") == "0");
    CHECK(server.has(program.application(), more));
    CHECK(program.finish() == 0);
    CAPTURE(program.errors());
    CHECK(contains(program.errors(), "2 stragglers swept"));
    CHECK(contains(program.errors(), "  3 more connections than pqsweep can track went unseen\n"));
}

TEST_CASE("a program with little room for data has a small table, too") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer needs terabytes");
    Server server;
    Program program(limited("40000", build_directory() + "/programs/client", "-d"), {{"PQSWEEP_TAG", "a"}});
    CHECK(program.say("open c") == "ok");
    CHECK(program.say("allocate m 20") == "ok");
    CHECK(program.say("setenv PQSWEEP_TAG b") == "0");
    CHECK(server.is_clear_of(program.application()));
    CHECK(program.finish() == 0);
}

TEST_CASE("a forked child with little address space notes what it does with its parent's connections") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer needs terabytes");
    const std::pair<std::string, const char*> children[] = {
        {"all finish reset", "12 used here, 2 finished here"},
        {"raw exec finish", "1 used here, 1 finished here"}};
    for (const auto& [actions, counts] : children) {
        Program program(limited("80000", build_directory() + "/programs/inherits " + actions),
                        {{"PQSWEEP_TAG", "parent"}});
        CHECK(program.finish() == 0);
        CAPTURE(program.errors());
        CHECK(contains(program.errors(), counts));
    }
}

TEST_CASE("a program that has next to no address space runs") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer needs terabytes");
    Program program(limited("6000", "/bin/true"));
    CHECK(program.finish() == 0);
    CHECK(program.errors() == "");
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
    struct Case {
        const char* program;
        long most;
    };
    // The client has called a function of libpq's.
    for (const Case& one : {Case{"/bin/cat", 8}, {"client", 24}}) {
        CAPTURE(one.program);
        Program program({one.program});
        program.say("status c");
        long dirty = 0;
        for (const Mapping& mapping : mappings(program))
            if (mapping.line.find("/libpqsweep.so") != std::string::npos)
                dirty += mapping.dirty;
        CHECK(dirty > 0);
        CHECK(dirty <= one.most);
        CHECK(program.finish() == 0);
    }
}

TEST_SUITE_END();
