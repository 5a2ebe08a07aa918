// A preloaded library is a guest: programs that share with it a libc, the environment, descriptor 2 and their limits run as
// they do without it. Each program here fails without what answers it.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

void check_all_well(Program& program) {
    CHECK(program.read_line() == "all well");
    CHECK(program.finish() == 0);
}

} // namespace

TEST_SUITE_BEGIN("process: guest");

TEST_CASE("an environ that is gone") {
    if (!sanitizer_runtime().empty())
        SKIP("the sanitizer's runtime reads the environment itself");
    for (const char* what : {"array", "entry"}) {
        CAPTURE(what);
        Program program({"environ_gone", what}, {{"PQSWEEP_TAG", "a"}});
        check_all_well(program);
    }
}

TEST_CASE("a data file, a pipe and a socket that took stderr's place get nothing") {
    Folder folder("foreign-stderr");
    Program program({"foreign_stderr", "file", folder.path / "data"});
    check_all_well(program);
    CHECK(text_of(folder.path / "data") == "data\n");
    for (const char* kind : {"pipe", "socket"}) {
        CAPTURE(kind);
        Program sender({"foreign_stderr", kind});
        check_all_well(sender);
        CHECK(sender.output() == "all well\ndata\n");
    }
}

TEST_CASE("a summary that nobody reads before the end does not keep a program from ending") {
    Program program({"unread_stderr"});
    check_all_well(program);
}

TEST_CASE("a program without a tag reads no warning, and one with a tag does") {
    Environment environment{{"XDG_RUNTIME_DIR", "/nowhere"}, {"PQSWEEP_GRACE", "soon"}};
    for (bool has_tag : {false, true}) {
        if (has_tag)
            environment["PQSWEEP_TAG"] = "a";
        Program client({"client"}, environment);
        CHECK(client.say("open c") == "ok");
        CHECK(client.finish() == 0);
        CHECK(contains(client.errors(), "PQSWEEP_GRACE=soon: expected") == has_tag);
        CHECK(contains(client.errors(), "No such file or directory") == has_tag);
    }
}

TEST_CASE("a thread that is cancelled in the first connection leaves nothing under way") {
    Folder folder("cancelled-first");
    Program program({"cancelled_first"},
                    {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_JOURNAL", folder.path / "journal"}});
    check_all_well(program);
}

TEST_CASE("a connection without a tag outlives the process that opened it") {
    Program program({"hands_over"});
    check_all_well(program);
}

TEST_CASE("a program that gave up its system calls ends") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer's runtime makes system calls at the end");
    for (const std::vector<std::string>& argv :
         {std::vector<std::string>{"locked_down"}, {"locked_down", "_exit"}}) {
        Program program(argv);
        check_all_well(program);
    }
}

TEST_CASE("functions of the program's with the names of libc's see no call of the shim's") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer's runtime has these functions");
    Folder folder("own-functions");
    Program program({"own_functions"},
                    {{"PQSWEEP_JOURNAL", folder.path / "journal"}, {"PQSWEEP_STACKS", "python"}});
    check_all_well(program);
}

TEST_CASE("a call that means no libpq reaches what it means") {
    if (!sanitizer_runtime().empty())
        SKIP("the sanitizer's runtime stands before the shim in LD_PRELOAD");
    std::string shim = build_directory() + "/libpqsweep.so";
    std::string shim_and_mock = shim + ":" + build_directory() + "/programs/libmock.so";
    struct Case {
        std::string program, preload, output;
    };
    for (const char* disabled : {"0", "1"}) {
        for (const Case& one : {Case{"mocked", shim, "mock\n"},
                                {"mocked_over", shim_and_mock, "mock\n"},
                                {"mocked_results", shim, "the stand-in's error\nthe stand-in's error\n"},
                                {"plugs_mock", shim, "mock\nmock\nmock\n"},
                                {"weak_reference", shim, "no libpq\n"},
                                {"weak_reference", shim_and_mock, "mock\n"}}) {
            CAPTURE(one.program);
            Program program(
                {one.program},
                {{"LD_PRELOAD", one.preload}, {"PQSWEEP_DISABLE", disabled}, {"PQSWEEP_TAG", "a"}});
            CHECK(program.finish() == 0);
            CHECK(program.output() == one.output);
            CHECK(program.errors() == "");
        }
    }
}

TEST_CASE("a plugin's constructor and destructor wait for threads that connect") {
    for (const char* stacks : {"python", "0", "1"}) {
        Program program({"plugin_connects"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_STACKS", stacks}});
        CHECK(program.finish() == 0);
        std::string once = "constructor: connected\ndestructor: connected\n";
        CHECK(program.output() == once + once);
    }
    Program python({"/usr/bin/python3", "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])",
                    build_directory() + "/programs/pool.so"},
                   {{"PQSWEEP_TAG", "a"}});
    CHECK(python.finish() == 0);
    CHECK(python.output() == "constructor: connected\ndestructor: connected\n");
}

TEST_CASE("RTLD_DEEPBIND holds for what needs no libpq") {
    if (!sanitizer_runtime().empty())
        SKIP("the sanitizer's dlopen, which comes first, refuses RTLD_DEEPBIND");
    Program program({"deepbind"}, {{"PQSWEEP_TAG", "a"}});
    CHECK(program.finish() == 0);
    CHECK(program.output() == "the plugin's\nswept\n");
}

TEST_CASE("threads and coroutines with little stack") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer needs more stack");
    Folder folder("small-stack");
    for (const char* where : {"thread", "coroutine"}) {
        CAPTURE(where);
        Program program({"small_stack", where},
                        {{"PQSWEEP_JOURNAL", folder.path / "journal"}, {"PQSWEEP_REPORT", "never"}});
        check_all_well(program);
    }
}

TEST_CASE("fork handlers that connect need not wait") {
    Program program({"fork_handlers"}, {{"PQSWEEP_TAG", "a"}});
    check_all_well(program);
}

TEST_CASE("a program of musl's runs as without") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer's runtime needs glibc");
    constexpr const char* compiler = "/usr/bin/musl-gcc";
    if (access(compiler, X_OK) != 0)
        SKIP("no musl-gcc, which musl-tools has");
    Folder folder("musl");
    std::string program = folder.path / "program";
    REQUIRE(Program({compiler, "-o", program, "tests/fixtures/musl/main.c"}, {}, Program::Shim::absent)
                .finish() == 0);
    for (const char* disabled : {"0", "1"}) {
        Program without({program}, {}, Program::Shim::absent);
        Program with({program}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_DISABLE", disabled}});
        CHECK(without.finish() == 3);
        CHECK(with.finish() == 3);
        CHECK(with.output() == without.output());
        CHECK(with.errors() == "");
    }
}

TEST_SUITE_END();
