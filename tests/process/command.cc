// Tests `pqsweep run` and what `make` builds as a user meets them.
#include "tests/support/files.hh"
#include "tests/support/outcome.hh"
#include "tests/support/skip.hh"

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <signal.h>
#include <sstream>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

Outcome run(std::vector<std::string> arguments, const Environment& environment = {}) {
    arguments.insert(arguments.begin(), build_directory() + "/pqsweep");
    return outcome_of(arguments, environment);
}

std::string output_of(const std::string& shell_command) {
    Program shell({"/bin/sh", "-c", shell_command}, {}, Program::Shim::absent);
    CHECK(shell.finish() == 0);
    return shell.output();
}

} // namespace

TEST_SUITE_BEGIN("process: command");

TEST_CASE("the shim needs libc alone, and exports its hooks and nothing else") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitized build links the sanitizer's runtime");
    std::string shim = build_directory() + "/libpqsweep.so";
    CHECK(output_of("readelf -d " + shim + " | sed -n 's/.*NEEDED.*\\[\\(.*\\)\\]/\\1/p'") == "libc.so.6\n");
    std::set<std::string> hooks = {
#define HOOK(kind, result, name, parameters, arguments) #name,
#include "shim/real/libpq_calls.def"
#define HOOK(result, name, parameters) #name,
#include "shim/real/libc_calls.def"
    };
    std::string expected;
    for (const std::string& name : hooks)
        expected += name + "\n";
    CHECK(output_of("nm -D --defined-only " + shim + " | sed 's/.* //' | LC_ALL=C sort") == expected);
    constexpr int most_imports = 12, most_bss = 64 << 10;
    CHECK(std::stoi(output_of("nm -D --undefined-only " + shim + " | wc -l")) <= most_imports);
    CHECK(std::stoi(output_of("size -A " + shim + " | sed -n 's/^\\.bss *\\([0-9]*\\).*/\\1/p'")) <=
          most_bss);
}

TEST_CASE("every function of the newest libpq is hooked, or listed with why not") {
    std::set<std::string> known = {
#define HOOK(kind, result, name, parameters, arguments) #name,
#include "shim/real/libpq_calls.def"
    };
    std::ifstream list("shim/real/libpq_unhooked.txt");
    for (std::string line; std::getline(list, line);) {
        std::istringstream names(line.starts_with("#") ? "" : line);
        for (std::string name; names >> name;) {
            CAPTURE(name);
            CHECK(known.insert(name).second);
        }
    }
    std::string unknown;
    std::istringstream exports(
        output_of("nm -D --defined-only \"$(pg_config --libdir)/libpq.so.5\" "
                  "build/clients/wheels/lib/python3*/site-packages/*.libs/libpq-* 2>/dev/null"
                  " | sed -n 's/^[^ ]* [A-Z] \\([^@]*\\).*/\\1/p' | LC_ALL=C sort -u"));
    size_t count = 0;
    for (std::string name; exports >> name; count++)
        if (!known.contains(name))
            unknown += name + " ";
    CHECK(unknown == "");
    CHECK(count > 170);
}

TEST_CASE("the shim imports a dozen functions and variables, none newer than glibc 2.17") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitized build links the sanitizer's runtime");
    std::string imports = output_of("nm -D --undefined-only " + build_directory() +
                                    "/libpqsweep.so | sed 's/.* \\([wU] .*\\)/\\1/' | LC_ALL=C sort");
    CAPTURE(imports);
    CHECK(std::regex_replace(imports, std::regex("@GLIBC_2\\.(2\\.5|17)"), "") ==
          "U __environ\n" // comes with environ
          "U __errno_location\n"
          "U calloc\n"
          "U dl_iterate_phdr\n"
          "U environ\n"
          "U free\n"
          "U pthread_setcancelstate\n"
          "w AnnotateIgnoreReadsBegin\n"
          "w AnnotateIgnoreReadsEnd\n"
          "w __msan_scoped_disable_interceptor_checks\n"
          "w __msan_scoped_enable_interceptor_checks\n"
          "w _r_debug\n");
}

TEST_CASE("the loader has few pointers to relocate in the shim") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer's runtime has tables of its own");
    int relocations =
        std::stoi(output_of("readelf -rW " + build_directory() + "/libpqsweep.so | grep -c _RELATIVE"));
    CHECK(relocations > 0);
    CHECK(relocations < 200);
}

TEST_CASE("dlsym and dlopen end in a jump: the loader must see their caller, and not us") {
    for (const char* name : {"dlsym", "dlopen"}) {
        std::string code = output_of("objdump -d --no-show-raw-insn --disassemble=" + std::string(name) +
                                     " " + build_directory() + "/libpqsweep.so");
        CAPTURE(code);
        CHECK(contains(code, std::string("<") + name + ">:"));
        // The only way out is a jump through a register, to the function that was chosen.
        CHECK(std::regex_search(code, std::regex(R"(\s(jmp\s+\*%|br\s))")));
        CHECK(!std::regex_search(code, std::regex(R"(\sretq?\s)")));
    }
}

TEST_CASE("run: options become variables, but for what it does itself for all processes") {
    auto environment_of = [](const char* exit_code, const char* report) {
        std::vector<std::string> command{"run"};
        for (const char* words :
             {"--tag t --scope=test --keep app=x --grace 3 --settle 9 --no-revive --appname --journal /tmp/j",
              "--fail-on transaction,exit --allow-unseen --notice 0"}) {
            std::istringstream stream(words);
            command.insert(command.end(), std::istream_iterator<std::string>(stream), {});
        }
        command.insert(command.end(), {"--exit-code", exit_code, "--report", report, "--", "/usr/bin/env"});
        Outcome got = run(command);
        CHECK(got.status == 0);
        CHECK(got.errors == "");
        for (const char* entry :
             {"PQSWEEP_TAG=t", "PQSWEEP_SCOPE=test", "PQSWEEP_KEEP=app=x", "PQSWEEP_GRACE=3",
              "PQSWEEP_SETTLE=9", "PQSWEEP_REVIVE=0", "PQSWEEP_APPNAME=1", "PQSWEEP_JOURNAL=/tmp/j",
              "PQSWEEP_FAIL_ON=transaction,exit", "PQSWEEP_REPORT=never"})
            CHECK(contains(got.output, entry + std::string("\n")));
        return got.output;
    };
    // With nothing to do, `pqsweep run` becomes the command.
    CHECK(!contains(environment_of("0", "never"), "PQSWEEP_RUN="));
    CHECK(contains(environment_of("7", "always"), "PQSWEEP_RUN="));
}

TEST_CASE("run: our shim goes before what is preloaded already, and only once") {
    std::string shim = build_directory() + "/libpqsweep.so";
    std::vector<std::string> command = {"run", "--", "/bin/sh", "-c", "echo $LD_PRELOAD"};
    CHECK(run(command, {{"LD_PRELOAD", "/nonexistent/other.so"}}).output ==
          shim + ":/nonexistent/other.so\n");
    std::string other = sanitizer_runtime().empty() ? "/nonexistent/other.so" : sanitizer_runtime();
    CHECK(run(command, {{"LD_PRELOAD", other + ":" + shim}}).output == other + ":" + shim + "\n");
    CHECK(run(command).output == shim + "\n");
}

TEST_CASE("run: the command's arguments, status and signals are its own") {
    CHECK(run({"run", "--", "/bin/sh", "-c", "exit 5"}).status == 5);
    CHECK(run({"run", "--", "/bin/sh", "-c", "kill -TERM $$"}).status == 128 + SIGTERM);
    CHECK(run({"run", "--", "/bin/echo", "--tag", "--", "x"}).output == "--tag -- x\n");
    CHECK(run({"run", "/bin/echo", "-n", "x"}).output == "x");
    CHECK(run({"run", "--", "/nonexistent/command"}).status == 127);
    CHECK(run({"run", "--", "/"}).status == 126);
}

TEST_CASE("run: bad use is refused with status 2 and the way out") {
    auto check = [](std::vector<std::string> arguments, const char* message,
                    const Environment& environment = {}) {
        Outcome got = run(std::move(arguments), environment);
        CHECK(got.status == 2);
        CHECK(got.output == "");
        CAPTURE(got.errors);
        CHECK(contains(got.errors, message));
    };
    check({"run"}, "no command given");
    check({"run", "--grace=many", "--", "/bin/echo", "ran"},
          "--grace=many: expected auto or a whole number from 0 to 1000000");
    check({"run", "--fail-on", "never", "--", "/bin/echo", "ran"},
          "expected any of abandoned, transaction, exit, unseen, inherited, blocked and late");
    check({"run", "--", "/bin/echo", "ran"}, "PQSWEEP_SCOPE=file: expected package, module or test",
          {{"PQSWEEP_SCOPE", "file"}});
    check({"run", "--colour", "--", "/bin/echo", "ran"}, "--colour: no such option");
    check({}, "");
    check({"run", "--fail-no", "exit", "--", "/bin/echo", "ran"},
          "pqsweep run: --fail-no: no such option; is --fail-on meant?\n");
    check({"report", "--htlm", "page.html", "journal"},
          "pqsweep report: --htlm: no such option; is --html meant?\n");
    check({"--versoin"}, "pqsweep: --versoin: no such option; is --version meant?\n");
    check({"sweap", "--all"}, "pqsweep: sweap: no such command; is sweep meant?\n");
    check({"top", "--sort", "x"}, "pqsweep top: --sort: x not in {o,m,s,t,p}; see 'pqsweep top --help'\n");
    check({"tag"}, "pqsweep tag: name is required; see 'pqsweep tag --help'\n");
    check({"dance"}, "pqsweep: dance: no such command; 'pqsweep --help' lists them\n");
}

TEST_CASE("run: found where it was installed, and a path that LD_PRELOAD can't name is refused") {
    fs::path root = fs::temp_directory_path() / ("pqsweep-test-" + std::to_string(getpid()));
    fs::create_directories(root / "bin");
    fs::create_directories(root / "lib/pqsweep");
    fs::create_directories(root / "a b");
    fs::copy(build_directory() + "/pqsweep", root / "bin");
    fs::copy(build_directory() + "/pqsweep-asker", root / "lib/pqsweep");
    fs::copy(build_directory() + "/libpqsweep.so", root / "lib/pqsweep");
    fs::copy(build_directory() + "/pqsweep", root / "a b");
    fs::copy(build_directory() + "/libpqsweep.so", root / "a b");
    Program installed({root / "bin/pqsweep", "run", "--", "/bin/sh", "-c", "echo $LD_PRELOAD"}, {},
                      Program::Shim::absent);
    CHECK(installed.finish() == 0);
    CHECK(installed.output() == (root / "lib/pqsweep/libpqsweep.so").string() + "\n");
    Program unnameable({root / "a b/pqsweep", "run", "--", "/bin/true"}, {}, Program::Shim::absent);
    CHECK(unnameable.finish() == 2);
    CHECK(contains(unnameable.errors(), "a space or a colon"));
    fs::remove_all(root);
}

TEST_CASE("run: a program built with ASan starts, and is swept") {
    if (!sanitizer_runtime().empty())
        SKIP("the shim itself is sanitized");
    Program program({build_directory() + "/pqsweep", "run", "--tag", "a", "--no-revive", "--",
                     build_directory() + "/programs/asan_program"},
                    {}, Program::Shim::absent);
    CHECK(program.finish() == 0);
    CHECK(program.output() == "all well\n");
    CHECK(contains(program.errors(), ", 1 straggler: "));
}

TEST_CASE("a value that is no number is named with what is expected, and so is a full disk") {
    for (const auto& [words, message] :
         {std::pair(std::vector<std::string>{"run", "--max-open", "x", "--", "/bin/true"},
                    "pqsweep run: --max-open=x: expected a number; see 'pqsweep run --help'\n"),
          std::pair(std::vector<std::string>{"ls", "abc"},
                    "pqsweep ls: pid=abc: expected a number; see 'pqsweep ls --help'\n"),
          std::pair(
              std::vector<std::string>{"top", "--interval", "0"},
              "pqsweep top: --interval=0: expected a number from 0.1 to 3600; see 'pqsweep top --help'\n")}) {
        Outcome got = run(words);
        CHECK(got.status == 2);
        CHECK(got.errors == message);
    }
    Outcome full = outcome_of({"/bin/sh", "-c",
                               build_directory() + "/pqsweep --version && " + build_directory() +
                                   "/pqsweep report tests/fixtures/journals/workers.jsonl >/dev/full"});
    CHECK(full.status == 2);
    CHECK(contains(full.errors, "pqsweep: standard output: No space left on device\n"));
}

TEST_CASE("completion: scripts with the commands and their options") {
    auto complete = [](const std::string& words) {
        return output_of("bash -c 'source <(" + build_directory() +
                         "/pqsweep completion bash); COMP_WORDS=(" + words +
                         "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _pqsweep; echo \"${COMPREPLY[@]}\"'");
    };
    CHECK(complete("pqsweep re") == "report\n");
    CHECK(complete("pqsweep --ver") == "--version\n");
    CHECK(complete("pqsweep run --no-s") == "--no-stacks\n");
    CHECK(complete("pqsweep report --ma") == "--markdown --max-open\n");
    CHECK(complete("pqsweep report --scope") == "\n");
    CHECK(complete("pqsweep run -- pytest --no-s") == "\n");
    CHECK(complete("pqsweep run --report s") == "stragglers\n");
    CHECK(complete("pqsweep run --report = s") == "stragglers\n"); // as bash splits --report=s
    CHECK(complete("pqsweep report --fail-on =") ==
          "abandoned transaction exit unseen inherited blocked late\n");
    CHECK(complete("pqsweep run --journal \"\"") == "\n"); // then bash completes files
    CHECK(
        contains(run({"completion", "fish"}).output,
                 "complete -c pqsweep -n '__fish_seen_subcommand_from run' -l tag -r -d 'the tag to start"));
    CHECK(contains(run({"completion", "zsh"}).output, "'--json[print JSON]'"));
    // The command accepts what the shell completes.
    for (const auto& [option, values] :
         {std::pair("--report", "never stragglers always"), std::pair("--scope", "package module test"),
          std::pair("--grace", "auto"),
          std::pair("--fail-on", "abandoned transaction exit unseen inherited blocked late")}) {
        CHECK(complete(std::string("pqsweep run ") + option + " \"\"") == values + std::string("\n"));
        std::istringstream words(values);
        for (std::string word; words >> word;)
            CHECK(run({"run", "--allow-unseen", option, word, "--", "/bin/true"}).status == 0);
    }
    for (std::string shell : {"bash", "zsh", "fish"})
        if (fs::exists("/usr/bin/" + shell))
            CHECK(output_of(build_directory() + "/pqsweep completion " + shell + " | " + shell +
                            " -n 2>&1; echo $?") == "0\n");
    CHECK(run({"completion", "csh"}).status == 2);
}

TEST_CASE("the man page has the commands and options that there are, with the texts of --help") {
    std::string page = text_of("tools/pqsweep.1");
    page = std::regex_replace(page, std::regex(R"(\\-)"), "-");
    page = std::regex_replace(page, std::regex(R"(\n\.[A-Z]+ *|\s+)"), " ");
    std::string script = run({"completion", "fish"}).output;
    std::set<std::string> options{"--version", "--help"};
    std::regex option(
        R"(seen_subcommand_from ([a-z]+)' -l ([a-z-]+)( -r)? -d '([^\n]*?)'( -f -a '[^\n]*')?\n)");
    for (std::sregex_iterator one(script.begin(), script.end(), option), end; one != end; ++one) {
        std::string command = (*one)[1], name = "--" + (*one)[2].str();
        std::string help = std::regex_replace((*one)[4].str(), std::regex(R"('\\'')"), "'");
        help.erase(std::min(help.find(" (PQSWEEP_"), help.size()));
        CAPTURE(command);
        CAPTURE(name);
        CAPTURE(help);
        CHECK(contains(page, " " + command + " "));
        CHECK((options.contains(name) || contains(page, name)));
        CHECK((name == "--help" || (command != "run" && command != "report") || contains(page, help)));
        options.insert(name);
    }
    CHECK(options.size() > 30);
    std::regex any("--[a-z]+[a-z-]*");
    for (std::sregex_iterator word(page.begin(), page.end(), any), end; word != end; ++word) {
        CAPTURE(word->str());
        CHECK(options.contains(word->str()));
    }
}

TEST_CASE("--help and --version") {
    CHECK(run({"--version"}).output.starts_with("pqsweep "));
    std::string help = run({"run", "--help"}).output;
    for (const char* part : {"\nTags:\n", "\nGate:\n", "(PQSWEEP_SCOPE; default: module)", "PQSWEEP_FAIL_ON",
                             "\nExit status: that of the command"})
        CHECK(contains(help, part));
    CHECK(run({"--help"}).status == 0);
    CHECK(contains(help, "Usage: pqsweep run [OPTIONS] -- COMMAND...\n"));
    CHECK(contains(help, "  --fail-on LIST"));
    for (const char* command :
         {"", "run", "report", "ps", "ls", "blockers", "tag", "sweep", "top", "doctor", "completion"}) {
        CAPTURE(std::string(command));
        std::istringstream lines(output_of(build_directory() + "/pqsweep " + command + " --help"));
        for (std::string line; std::getline(lines, line);) {
            CAPTURE(line);
            CHECK(line.size() <= 80);
        }
    }
}

TEST_SUITE_END();
