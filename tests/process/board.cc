// A process shows itself in a file: who owns it, when it appears and goes, and what happens if it can't be made.
#include "tests/support/home.hh"
#include "tests/support/skip.hh"

#include <csignal>
#include <doctest/doctest.h>
#include <fstream>
#include <sys/stat.h>

using namespace pqsweep::tests;
using nlohmann::json;
namespace fs = std::filesystem;

TEST_SUITE_BEGIN("process: board");

TEST_CASE("no board before the first connection, its user's alone, and gone at the end") {
    Home home;
    for (const char* end : {"exit 0", "_exit 0"}) {
        Program program({"client"}, home.with());
        CHECK(program.say("setenv PQSWEEP_TAG a") == "0");
        CHECK_FALSE(fs::exists(home.board(program)));
        CHECK(program.say("open c") == "ok");
        struct stat status {};
        CHECK(stat(home.directory().c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == 0700);
        CHECK(stat(home.board(program).c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == 0600);
        CHECK(status.st_blocks * 512 < 1 << 20);
        for (const fs::directory_entry& fd : fs::directory_iterator("/proc/" + pid_of(program) + "/fd"))
            CHECK_FALSE(contains(fs::read_symlink(fd).string(), home.path()));
        program.write_line(end);
        CHECK(program.finish() == 0);
        CHECK_FALSE(fs::exists(home.board(program)));
    }
}

TEST_CASE("boards of the dead are removed: killed, or become another program") {
    Home home;
    fs::path left;
    {
        Program killed({"client"}, home.with());
        CHECK(killed.say("open c") == "ok");
        left = home.board(killed);
        kill(killed.pid(), SIGKILL);
    }
    CHECK(fs::exists(left));
    Program another({"spawns", "exec", "/bin/cat"}, home.in_tag_a());
    CHECK(another.say("cat") == "cat");
    CHECK(fs::exists(home.board(another)));
    CHECK(pqsweep_command(home, {"sweep", pid_of(another)}).status == 1);
    CHECK(another.say("cat") == "cat"); // a signal would have killed it
    CHECK_FALSE(fs::exists(left));
    CHECK_FALSE(fs::exists(home.board(another)));
}

TEST_CASE("a stale board of the same pid is replaced") {
    Home home;
    Program again({"spawns", "exec", build_directory() + "/programs/client"}, home.in_tag_a());
    CHECK(again.say("setenv X 1") == "0");
    CHECK(fs::exists(home.board(again)));
    CHECK(again.say("open c") == "ok");
    CHECK(listed(home, "ps", again)[0]["program"] == build_directory() + "/programs/client");
    CHECK(pqsweep_command(home, {"sweep", pid_of(again)}).output ==
          swept(again, "1 swept (1 idle, 0 in transaction, 0 running)"));
}

TEST_CASE("where a board can't be, there is one warning and the program works") {
    Home home;
    auto check = [&](const char* why) {
        Program program({"client"}, home.in_tag_a());
        CHECK(program.say("open c") == "ok");
        CHECK(program.say("setenv PQSWEEP_TAG b") == "0");
        CHECK(contains(program.say("exec c select 1"), "57P01"));
        CHECK(program.finish() == 0);
        CAPTURE(program.errors());
        CHECK(program.errors().starts_with("pqsweep: " + home.directory().string() + ": " + why + "; "));
        CHECK(std::count(program.errors().begin(), program.errors().end(), '\n') == 1);
    };
    SUBCASE("a symbolic link") {
        fs::create_directory(home.path() / "elsewhere");
        fs::create_directory_symlink(home.path() / "elsewhere", home.directory());
        check("Not a directory");
        CHECK(fs::is_empty(home.path() / "elsewhere"));
    }
    SUBCASE("open to others") {
        fs::create_directory(home.directory());
        fs::permissions(home.directory(), fs::perms::all);
        check("not a directory of this user's alone");
        CHECK(fs::is_empty(home.directory()));
        CHECK(contains(pqsweep_command(home, {"ps"}).errors, "skipped"));
    }
    SUBCASE("another user's") {
        if (geteuid() != 0)
            SKIP("only root can give a directory away");
        fs::create_directory(home.directory());
        fs::permissions(home.directory(), fs::perms::owner_all);
        CHECK(chown(home.directory().c_str(), 65534, 65534) == 0);
        check("not a directory of this user's alone");
    }
    SUBCASE("no directory") {
        fs::create_symlink("/nonexistent", home.directory());
        check("Not a directory");
    }
    SUBCASE("a file") {
        std::ofstream(home.directory()) << "x";
        check("Not a directory");
    }
}

TEST_CASE("a disk that is read-only, full, or fills up") {
    Home home;
    struct Disk {
        const char* options;
        const char* why; // null: the disk has room at first
    };
    const Disk disks[] = {
        {"ro", "Read-only file system"}, {"size=40k", "No space left on device"}, {"size=320k", nullptr}};
    for (const auto& [mount_options, why] : disks) {
        const std::string options = mount_options;
        CAPTURE(options);
        std::string mount = "mount -t tmpfs -o " + options + " none " + home.path().string();
        Program allowed({"/usr/bin/unshare", "-m", "/bin/sh", "-c", mount}, {}, Program::Shim::absent);
        if (allowed.finish() != 0)
            SKIP("no file system can be mounted here");
        Program program({"/usr/bin/unshare", "-m", "/bin/sh", "-c",
                         mount + " && exec " + build_directory() + "/programs/client"},
                        home.in_tag_a());
        CHECK(program.say("open c") == "ok");
        for (int i = 0; i < 2000; i++)
            REQUIRE(program.say("setenv PQSWEEP_TAG " + std::string(200, 'x') + std::to_string(i)) == "0");
        CHECK(program.say("open d") == "ok");
        CHECK(program.say("exec d begin") == "PGRES_COMMAND_OK");
        CHECK(program.say("setenv PQSWEEP_TAG b") == "0");
        CHECK(contains(program.say("exec d select 1"), "xxx1999"));
        CHECK(program.finish() == 0);
        CAPTURE(program.errors());
        CHECK(program.errors().empty() == !why);
        if (why)
            CHECK(contains(program.errors(), why));
    }
}

TEST_CASE("a forked child, also of a fork without handlers, writes nothing on its parent's board") {
    Home home;
    Program program({"/usr/bin/python3", "tests/fixtures/clients/forking_raw.py"}, home.in_tag_a());
    CHECK(program.read_line() == "forked");
    json process = listed(home, "ps", program)[0];
    CHECK(process["tag"] == "a");
    CHECK(process["live"] == 1);
    CHECK(process["swept"] == 0);
    CHECK(program.say("") == "works");
}

TEST_SUITE_END();
