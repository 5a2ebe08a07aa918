// Tests `pqsweep doctor` on programs that reach libpq in different ways, and on some that don't.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>
#include <filesystem>
#include <unistd.h>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

// Checks the exit status, that `parts` are in the output, and that its last line begins with the verdict.
void check(std::vector<std::string> command, int status, const std::vector<std::string>& parts) {
    command.insert(command.begin(), {build_directory() + "/pqsweep", "doctor", "--"});
    Program doctor(command, {}, Program::Shim::absent);
    CHECK(doctor.finish() == status);
    CAPTURE(doctor.output());
    std::string last = doctor.output().substr(doctor.output().rfind('\n', doctor.output().size() - 2) + 1);
    CHECK(last.starts_with(status == 0 ? "pqsweep doctor: yes: " : "pqsweep doctor: no: "));
    for (const std::string& part : parts)
        CHECK(doctor.output().find(part) != std::string::npos);
    CHECK(doctor.errors() == "");
}

// A setuid program runs as another user than the one who starts it.
std::string setuid_program(const fs::path& directory) {
    if (geteuid() != 0)
        return "/usr/bin/su";
    fs::path program = directory / "setuid";
    fs::copy_file("/bin/true", program, fs::copy_options::overwrite_existing);
    REQUIRE(chown(program.c_str(), 65534, 65534) == 0);
    fs::permissions(program, fs::perms::all | fs::perms::set_uid);
    return program;
}

} // namespace

TEST_SUITE_BEGIN("process: doctor");

TEST_CASE("intercepted: linked, in a plugin, by dlsym, and behind a script") {
    if (!sanitizer_runtime().empty())
        SKIP("the programs need the sanitizer's runtime first");
    check({"/bin/sh", "-c", "echo open c | " + build_directory() + "/programs/client"}, 0,
          {"programs/client (pid ", "which it is linked to"});
    check({"psql", "-c", "select 1"}, 0, {"/usr/bin/psql: a script for /usr/bin/perl"});
    check({"/usr/bin/python3", "-c", "import psycopg2; psycopg2.connect('')"}, 0,
          {": libpq ", "which comes in with ", "_psycopg"});
    check({"/usr/bin/python3", "-c",
           "import ctypes; ctypes.CDLL('libpq.so.5').PQconnectdb(b'host=/nonexistent')"},
          0, {"whose functions it takes with dlsym"});
}

TEST_CASE("not intercepted, and why") {
    if (!sanitizer_runtime().empty())
        SKIP("the programs need the sanitizer's runtime first");
    const std::string programs = build_directory() + "/programs/";
    check({"/bin/true"}, 1, {"no libpq was loaded in "});
    check({"/usr/bin/python3", "-c", "import psycopg2"}, 1, {"connected to nothing"});
    check({programs + "static_libpq"}, 1, {"has a libpq of its own in it"});
    check({"/usr/bin/python3", "-c",
           "import ctypes, os; ctypes.CDLL('" + programs + "hidden_libpq.so', mode=os.RTLD_LAZY)"},
          1, {"hidden_libpq.so has a libpq of its own in it"});
    check({programs + "static_program"}, 1, {"it is statically linked"});
    fs::path directory = fs::temp_directory_path() / ("pqsweep-doctor-test-" + std::to_string(getpid()));
    fs::create_directory(directory);
    check({setuid_program(directory)}, 1, {"it changes its privileges"});
    fs::remove_all(directory);
}

TEST_CASE("scripts: their interpreters are found as the kernel, env and execvp find them") {
    if (!sanitizer_runtime().empty())
        SKIP("the programs need the sanitizer's runtime first");
    Folder folder("scripts");
    auto script = [&](const std::string& name, const std::string& text) {
        write_text(folder.path / name, text);
        fs::permissions(folder.path / name, fs::perms::owner_all);
        return (folder.path / name).string();
    };
    const std::string connects = "echo open c | " + build_directory() + "/programs/client\n";
    std::string script_of = script("plain", "#!/bin/sh\n" + connects);
    check({script_of}, 0, {script_of + ": a script for /bin/sh\n"});
    script_of = script("no first line", connects);
    check({script_of}, 0, {script_of + ": a script for /bin/sh\n"});
    script_of = script("by env", "#!/usr/bin/env -S A=1 perl\nexit;\n");
    check({script_of}, 1, {script_of + ": a script for ", "/perl\n"});
    script_of = script("env's options", "#!/usr/bin/env -S -u A perl\nexit;\n");
    check({script_of}, 1, {script_of + ": a script for /usr/bin/env\n", "no libpq was loaded in "});
    check({script("of nothing", "#!/nonexistent/python\n")}, 1,
          {"no: /nonexistent/python: there is no such program\n"});
    check({script("of Windows", "#!/bin/sh\r\necho\r\n")}, 1,
          {"no: /bin/sh?: there is no such program; the lines of the script end as Windows' do\n"});
    check({script("of static programs", "#!" + build_directory() + "/programs/static_program\n")}, 1,
          {"it is statically linked"});
    check({script("zeros", std::string("MZ\0\0", 4))}, 1, {"it is not a program for Linux"});
}

TEST_CASE("a wrapper that clears the environment is named") {
    if (!sanitizer_runtime().empty())
        SKIP("the programs need the sanitizer's runtime first");
    const std::string client = build_directory() + "/programs/client";
    const std::string waits = "(echo open c; sleep 0.2) | ";
    check({"/bin/sh", "-c", waits + "env -u LD_PRELOAD " + client}, 1,
          {"no: something cleared the environment below '/bin/sh -c ",
           "; put pqsweep there: pqsweep run -- " + client + "\n"});
    check({"/bin/sh", "-c", waits + "env -u LD_PRELOAD " + client + "; echo open c | " + client}, 0,
          {"something cleared the environment below '/bin/sh -c ",
           "yes: its connections are intercepted, but for those named above\n"});
    check({"/usr/bin/env", "-i", "/bin/true"}, 1,
          {"/usr/bin/env ended without a word, or started a program without libpqsweep.so"});
}

TEST_CASE("a child that was forked is a process of its program") {
    if (!sanitizer_runtime().empty())
        SKIP("the programs need the sanitizer's runtime first");
    check({"/usr/bin/python3", "-c",
           "import os, psycopg2\n"
           "if not (child := os.fork()):\n"
           "    psycopg2.connect('')\n"
           "    os._exit(0)\n"
           "os.waitpid(child, 0)"},
          0, {"/python3", " (pid ", "which comes in with ", "_psycopg"});
    check({"/usr/bin/python3", "-c", "import os\nif not os.fork(): os._exit(0)"}, 1,
          {"no libpq was loaded in /usr/bin/python3"});
}

TEST_CASE("a program of musl's is not intercepted") {
    constexpr const char* compiler = "/usr/bin/musl-gcc";
    if (access(compiler, X_OK) != 0)
        SKIP("no musl-gcc, which musl-tools has");
    Folder folder("musl-doctor");
    std::string program = folder.path / "program";
    REQUIRE(Program({compiler, "-o", program, "tests/fixtures/musl/main.c"}, {}, Program::Shim::absent)
                .finish() == 0);
    check({program}, 1, {"no: " + program + ": it is for musl, and libpqsweep.so for glibc\n"});
}

TEST_CASE("a command that can't be started is no verdict") {
    // As root, another user: root has no limit.
    std::vector<std::string> command;
    if (geteuid() == 0)
        command = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    command.insert(command.end(), {"/usr/bin/prlimit", "--nproc=1", "--", build_directory() + "/pqsweep"});
    for (const std::string subcommand : {"doctor", "run"}) {
        std::vector<std::string> all = command;
        all.insert(all.end(), {subcommand, "--", "/bin/true"});
        Program program(all, {{"TMPDIR", "/tmp"}}, Program::Shim::absent);
        int status = program.finish();
        CAPTURE(program.errors());
        if (contains(program.errors(), "Permission denied"))
            SKIP("the build is in a folder that another user can't read");
        CHECK(status == (subcommand == "run" ? 126 : 2));
        CHECK(program.output() == "");
        CHECK(contains(program.errors(), "pqsweep " + subcommand +
                                             ": can't start /bin/true: Resource temporarily unavailable\n"));
    }
}

TEST_CASE("wrong use: what is no program, and options that doctor has not") {
    Folder folder("no-programs");
    write_text(folder.path / "script.py", "print(1)\n");
    const std::string script = folder.path / "script.py";
    struct Use {
        std::vector<std::string> words;
        std::string message;
    };
    const Use uses[] = {
        {{}, "no command given; for example: pqsweep doctor -- pytest tests"},
        {{"--", "/nonexistent"}, "/nonexistent: there is no such program"},
        {{"--", "VERSION"}, "VERSION: there is no such program in PATH; is ./VERSION meant?"},
        {{"--", "/tmp"}, "/tmp: this is a folder"},
        {{"--", script},
         script + ": it is not executable; is an interpreter to start it, or chmod +x missing?"},
        {{"--hlep"}, "--hlep: no such option; is --help meant?"},
        {{"--bogus"}, "--bogus: no such option; 'pqsweep doctor --help' lists them"}};
    for (const Use& use : uses) {
        std::vector<std::string> command{build_directory() + "/pqsweep", "doctor"};
        command.insert(command.end(), use.words.begin(), use.words.end());
        Program doctor(command, {}, Program::Shim::absent);
        CHECK(doctor.finish() == 2);
        CHECK(doctor.errors() == "pqsweep doctor: " + use.message + "\n");
    }
}

TEST_SUITE_END();
