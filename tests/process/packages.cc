// Tests what is installed: by `make install`, and by the packages that `make dist` leaves.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>
#include <sys/utsname.h>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

struct Outcome {
    int status;
    std::string output, errors;
};

Outcome outcome_of(const std::vector<std::string>& command, const Environment& environment = {}) {
    Program program(command, environment, Program::Shim::absent);
    int status = program.finish();
    return {status, program.output(), program.errors()};
}

std::string patched(std::string bytes, const std::string& from, const std::string& to) {
    REQUIRE(from.size() == to.size());
    for (size_t at = 0; (at = bytes.find(from, at)) != std::string::npos; at += to.size())
        bytes.replace(at, from.size(), to);
    return bytes;
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
    if (fs::path(build_directory()).filename() != "build")
        SKIP("a release is what is installed");
    Folder folder("installed");
    auto make = [&](const std::string& target) {
        return outcome_of({"/usr/bin/make", target, "DESTDIR=" + folder.path.string(), "PREFIX=/usr",
                           "LIBDIR=/usr/lib/any"},
                          {{"MAKEFLAGS", ""}, {"WERROR", "1"}});
    };
    Outcome install = make("install");
    CAPTURE(install.errors);
    REQUIRE(install.status == 0);
    fs::path command = folder.path / "usr/bin/pqsweep",
             library = folder.path / "usr/lib/any/pqsweep/libpqsweep.so";
    CHECK(fs::file_size(command) < 5'000'000);
    CHECK(fs::file_size(library) < 500'000);
    CHECK(outcome_of({"/usr/bin/readelf", "-d", command}).output.find("NEEDED") == std::string::npos);
    Outcome run = outcome_of(
        {command, "run", "--allow-unseen", "--", "/bin/sh", "-c", "echo $LD_PRELOAD; echo $PERL5OPT"});
    CHECK(run.errors == "");
    CHECK(contains(run.output, (folder.path / "usr/lib/pqsweep/libpqsweep.so").string() + "\n"));
    CHECK(contains(run.output, (folder.path / "usr/share/pqsweep/runners/perl").string()));
    CHECK(make("uninstall").status == 0);
    for (const fs::directory_entry& left : fs::recursive_directory_iterator(folder.path))
        CHECK(left.is_directory());
}

TEST_SUITE_END();
