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

TEST_CASE("wrong use") {
    for (const std::vector<std::string>& rest :
         {std::vector<std::string>{}, {"--", "/nonexistent"}, {"--bogus"}}) {
        std::vector<std::string> command{build_directory() + "/pqsweep", "doctor"};
        command.insert(command.end(), rest.begin(), rest.end());
        Program doctor(command, {}, Program::Shim::absent);
        CHECK(doctor.finish() == 2);
        CHECK(doctor.errors() != "");
    }
}

TEST_SUITE_END();
