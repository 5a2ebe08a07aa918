// Tests what is installed: by `make install`, and by the packages that `make dist` leaves.
#include "tests/support/files.hh"
#include "tests/support/outcome.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>
#include <regex>
#include <set>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

std::string patched(std::string bytes, const std::string& from, const std::string& to) {
    REQUIRE(from.size() == to.size());
    for (size_t at = 0; (at = bytes.find(from, at)) != std::string::npos; at += to.size())
        bytes.replace(at, from.size(), to);
    return bytes;
}

// What `make install` installs for packages, and the package that a script of tools/packaging makes of it.
class Package {
public:
    explicit Package(const std::string& script) {
        make({"install", "PREFIX=/usr"});
        Outcome outcome = outcome_of({"tools/packaging/" + script, folder.path, folder.path});
        CAPTURE(outcome.errors);
        REQUIRE(outcome.status == 0);
        file = outcome.output.substr(0, outcome.output.find('\n'));
        CHECK(fs::file_size(file) < 3'000'000);
    }
    void make(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"/usr/bin/make", "DESTDIR=" + folder.path.string()});
        Outcome outcome = outcome_of(arguments, {{"MAKEFLAGS", ""}, {"WERROR", "1"}});
        CAPTURE(outcome.errors);
        REQUIRE(outcome.status == 0);
    }
    Folder folder{"package"};
    std::string file;
};

bool is_release() {
    return fs::path(build_directory()).filename() == "build";
}

// Runs a suite that leaves connections open with the command that was installed.
void check_leaky_suite(const fs::path& command, const std::string& python) {
    Folder folder("leaky");
    fs::create_directory(folder.path / "tests");
    for (const char* module : {"test_leaves.py", "test_users.py"})
        fs::copy_file(fs::path("tests/fixtures/suites/killed") / module, folder.path / "tests" / module);
    Outcome run = outcome_of({"/bin/sh", "-c",
                              "cd " + folder.path.string() + " && exec " + command.string() +
                                  " run --fail-on transaction --exit-code 7 -- " + python +
                                  " -m pytest -q -p no:cacheprovider tests"},
                             {{"PYTHONDONTWRITEBYTECODE", "1"}});
    CAPTURE(run.output);
    CAPTURE(run.errors);
    CHECK(run.status == 7);
    CHECK(contains(run.output, "4 passed"));
    CHECK(contains(run.errors, "  tests/test_leaves.py:11: 2 connections of 2 tests, idle, "));
    CHECK(contains(run.errors, "pqsweep: 4 connections, 3 stragglers: "));
    CHECK(!contains(run.errors, "without its adapter"));
}

// Returns how the README's snippets install the wheel.
std::set<std::string> install_commands() {
    std::string readme = text_of("README.md");
    std::regex command("(?:- run: |    - |RUN )(pip install .*)\n");
    std::set<std::string> found;
    for (std::sregex_iterator one(readme.begin(), readme.end(), command), end; one != end; ++one)
        found.insert((*one)[1]);
    REQUIRE(!found.empty());
    return found;
}

} // namespace

TEST_SUITE_BEGIN("process: packages");

TEST_CASE("run and doctor refuse a library that this system can't load") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitized library needs its runtime first");
    std::string good = text_of(build_directory() + "/libpqsweep.so");
    std::string of_other_processor = good;
    of_other_processor[18] = '\xf3'; // e_machine: RISC-V
    struct {
        const char* what;
        std::string content, words;
    } const libraries[] = {
        {"another processor", of_other_processor, "it is for another kind of processor than this pqsweep"},
        {"cut short", good.substr(0, good.size() / 20), "its end is missing"},
        {"cut shorter", good.substr(0, 40), "its end is missing"},
        {"a text", "INPUT(libpqsweep.so.0)\n", "it is not a library for Linux"},
        {"another libc", patched(good, "libc.so.6", "libc.so.9"), "libc.so.9: cannot open shared object"},
        {"a newer libc", patched(good, "GLIBC_2.2.5", "GLIBC_9.9.9"), "version `GLIBC_9.9.9' not found"},
    };
    Folder folder("libraries");
    fs::copy(build_directory() + "/pqsweep", folder.path);
    fs::copy(build_directory() + "/pqsweep-asker", folder.path);
    for (const auto& library : libraries) {
        CAPTURE(library.what);
        write_text(folder.path / "libpqsweep.so", library.content);
        for (const std::string subcommand : {"run", "doctor"}) {
            Outcome outcome = outcome_of({folder.path / "pqsweep", subcommand, "--", "/bin/echo", "ran"});
            CAPTURE(outcome.errors);
            CHECK(outcome.status == 2);
            CHECK(outcome.output == "");
            CHECK(contains(outcome.errors, "libpqsweep.so: "));
            CHECK(contains(outcome.errors, library.words));
        }
    }
    write_text(folder.path / "libpqsweep.so", good);
    CHECK(outcome_of({folder.path / "pqsweep", "run", "--", "/bin/echo", "ran"}).output == "ran\n");
}

TEST_CASE("make install: small files, found in any LIBDIR; make uninstall takes them back") {
    if (!is_release())
        SKIP("a release is what is installed");
    Package package("deb");
    fs::path root = package.folder.path;
    package.make({"uninstall", "PREFIX=/usr"});
    package.make({"install", "PREFIX=/usr", "LIBDIR=/usr/lib/any"});
    // With Debian 12's libraries the command has 3.8 MB, with sid's 4.9; gcc 12 makes 0.50 MB of the library, gcc 14 0.51.
    CHECK(fs::file_size(root / "usr/bin/pqsweep") < 5'000'000);
    CHECK(fs::file_size(root / "usr/lib/any/pqsweep/libpqsweep.so") < 600'000);
    CHECK(!contains(outcome_of({"/usr/bin/readelf", "-d", root / "usr/bin/pqsweep"}).output, "NEEDED"));
    Outcome run = outcome_of({root / "usr/bin/pqsweep", "run", "--allow-unseen", "--", "/bin/sh", "-c",
                              "echo $LD_PRELOAD $PERL5OPT"});
    CHECK(run.errors == "");
    CHECK(run.output.starts_with((root / "usr/lib/pqsweep/libpqsweep.so ").string()));
    CHECK(contains(run.output, (root / "usr/share/pqsweep/runners/perl").string()));
    package.make({"uninstall", "PREFIX=/usr", "LIBDIR=/usr/lib/any"});
    for (const fs::directory_entry& left : fs::recursive_directory_iterator(root / "usr"))
        CHECK(left.is_directory());
}

TEST_CASE("the Debian package: dpkg installs it, a leaky suite runs with it, dpkg removes it") {
    if (!is_release())
        SKIP("a release is what is packaged");
    if (!fs::exists("/usr/bin/dpkg") || !fs::exists("/usr/bin/pytest"))
        SKIP("there is no dpkg or no pytest");
    Package package("deb");
    Folder root("root");
    fs::create_directories(root.path / "var/lib/dpkg/updates");
    fs::create_directories(root.path / "var/lib/dpkg/info");
    write_text(root.path / "var/lib/dpkg/status", "");
    auto dpkg = [&](const std::string& act, const std::string& what) {
        return outcome_of({"/usr/bin/dpkg", "--root=" + root.path.string(), "--force-not-root",
                           "--force-depends", "--force-bad-path", act, what});
    };
    Outcome installed = dpkg("--install", package.file);
    CAPTURE(installed.errors);
    REQUIRE(installed.status == 0);
    for (const char* file :
         {"man/man1/pqsweep.1.gz", "doc/pqsweep/README.md", "doc/pqsweep/copyright",
          "bash-completion/completions/pqsweep", "pqsweep/runners/python/sitecustomize.py"})
        CHECK_MESSAGE(fs::exists(root.path / "usr/share" / file), file);
    check_leaky_suite(root.path / "usr/bin/pqsweep", "/usr/bin/python3");
    CHECK(dpkg("--remove", "pqsweep").status == 0);
    CHECK(!fs::exists(root.path / "usr/lib/pqsweep"));
}

TEST_CASE("the wheel: pip installs it, a leaky suite runs with it through a link, pip removes it") {
    if (!is_release())
        SKIP("a release is what is packaged");
    if (!fs::exists("/usr/bin/pytest") ||
        outcome_of({"/usr/bin/python3", "-c", "import ensurepip"}).status != 0)
        SKIP("there is no pytest or no venv; in Debian they are python3-pytest and python3-venv");
    Package package("wheel");
    Folder folder("wheel");
    fs::path venv = folder.path / "venv";
    auto in_time = [](const std::vector<std::string>& command) {
        Outcome outcome = outcome_of(command);
        CAPTURE(outcome.errors);
        REQUIRE(outcome.status == 0);
    };
    // pytest and psycopg2 are the system's: no registry is asked.
    in_time({"/usr/bin/python3", "-m", "venv", "--system-site-packages", venv});
    std::string here = "cd " + package.folder.path.string() +
                       " && export PIP_NO_INDEX=1 PATH=" + (venv / "bin").string() + ":$PATH && ";
    for (const std::string& command : install_commands())
        in_time({"/bin/sh", "-c", here + command});
    check_leaky_suite(venv / "bin/pqsweep", venv / "bin/python");
    // pipx and uv leave a link to a command in another folder.
    fs::create_symlink(venv / "bin/pqsweep", folder.path / "pqsweep");
    check_leaky_suite(folder.path / "pqsweep", venv / "bin/python");
    in_time({venv / "bin/pip", "uninstall", "--quiet", "--yes", "pqsweep"});
    CHECK(!fs::exists(venv / "lib/pqsweep/libpqsweep.so"));
    CHECK(!fs::exists(venv / "share/pqsweep/runners/python/sitecustomize.py"));
}

TEST_SUITE_END();
