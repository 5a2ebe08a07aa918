// The lines of C and C++ programs that opened connections, from the debugging information.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace pqsweep::tests;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

// "file:line" of the line that ends in that comment.
std::string place(const std::string& file, const std::string& comment) {
    std::istringstream lines(text_of(file));
    int number = 1;
    for (std::string line; std::getline(lines, line); number++)
        if (line.ends_with("// " + comment))
            return file + ":" + std::to_string(number);
    return "";
}

std::string run_pqsweep(const Strings& arguments, std::string* output = nullptr) {
    Strings command{build_directory() + "/pqsweep"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    Program program(command, {}, Program::Shim::absent);
    CHECK(program.finish() == 0);
    if (output)
        *output = program.output();
    return program.errors();
}

// Returns the stack of the first culprit: "file:line function" or, if the line is not known, "module function".
Strings stack_in(const std::string& journal, const Strings& options = {}) {
    Strings arguments{"report", "--json", journal};
    arguments.insert(arguments.end(), options.begin(), options.end());
    std::string output;
    run_pqsweep(arguments, &output);
    auto json = nlohmann::json::parse(output);
    REQUIRE(json["culprits"].size() > 0);
    Strings stack;
    for (const auto& frame : json["culprits"][0]["stack"]) {
        std::string line = frame.contains("line") ? ":" + std::to_string(frame["line"].get<int>()) : "";
        stack.push_back(frame["file"].get<std::string>() + line);
    }
    return stack;
}

std::string path_of(const std::string& name) {
    return build_directory() + "/" + name;
}

} // namespace

TEST_SUITE_BEGIN("process: native lines");

TEST_CASE("the line that opened it, the one that it is inlined into, and nothing of the test framework") {
    for (const char* name : {"located_gtest", "located_boost", "located_cpputest"}) {
        CAPTURE(std::string(name));
        Folder folder("lines");
        std::string journal = folder.path / "journal", program = path_of(std::string("programs/") + name);
        std::string errors =
            run_pqsweep({"run", "--tag", "Orders::Load", "--stacks", "--journal", journal, "--", program});
        std::string opens = place("tests/programs/located.hh", "opens"),
                    calls = place("tests/programs/" + std::string(name) + ".cc", "calls");
        CHECK(stack_in(journal) == Strings{opens, calls});
        CHECK(contains(errors, "\n  " + opens + ": 1 connection of Orders::Load, idle, abandoned\n      " +
                                   opens + " Database::Database < " + calls + "\n"));
    }
}

TEST_CASE("doctest and Catch2") {
    Server().ask("create or replace function alone() returns bool language sql as 'select true'");
    for (const char* name : {"doctest", "catch2"}) {
        CAPTURE(std::string(name));
        Folder folder("lines");
        std::string journal = folder.path / "journal", program = path_of(std::string("recipes/") + name);
        run_pqsweep({"run", "--stacks", "--journal", journal, "--", program});
        Strings stack = stack_in(journal);
        CHECK(stack.front().starts_with("tests/fixtures/recipes/alone.hh:"));
        for (size_t i = 1; i < stack.size(); i++)
            CHECK(stack[i].starts_with("tests/fixtures/recipes/" + std::string(name) + "/"));
        CHECK(stack.size() >= 2);
    }
}

TEST_CASE("a stripped program is symbolised later by its build id, and one that was built again is not") {
    Folder folder("lines");
    std::string journal = folder.path / "journal", program = folder.path / "program";
    fs::copy_file(path_of("programs/located_gtest"), program);
    fs::create_directories(folder.path / "debug/.build-id");
    auto run = [](const Strings& command) {
        Program tool(command, {}, Program::Shim::absent);
        REQUIRE(tool.finish() == 0);
        return tool.output();
    };
    run({"/usr/bin/objcopy", "--only-keep-debug", program, folder.path / "debug/program"});
    run({"/usr/bin/strip", program});
    run_pqsweep({"run", "--stacks", "--journal", journal, "--", program});
    CHECK(stack_in(journal).front().starts_with(program + "+0x"));

    std::string notes = run({"/usr/bin/readelf", "-nW", program});
    std::string id = notes.substr(notes.find("Build ID: ") + 10, 40);
    CAPTURE(id);
    fs::path debug = folder.path / "debug/.build-id" / id.substr(0, 2);
    fs::create_directories(debug);
    fs::rename(folder.path / "debug/program", debug / (id.substr(2) + ".debug"));
    Strings later = stack_in(journal, {"--debug-files", folder.path / "debug"});
    CHECK(later.front() == place("tests/programs/located.hh", "opens"));
    CHECK(later.back() == place("tests/programs/located_gtest.cc", "calls"));
    fs::remove(program);
    CHECK(stack_in(journal, {"--debug-files", folder.path / "debug"}) == later);

    fs::copy_file(path_of("programs/client"), program);
    for (const std::string& frame : stack_in(journal))
        CHECK(!contains(frame, ":"));
}

TEST_CASE("the line, in whatever form and place a compiler leaves the debugging information") {
    const std::string compiler = "/usr/bin/gcc";
    if (!fs::exists(compiler))
        SKIP("there is no gcc");
    Folder folder("forms");
    std::string source = folder.path / "left.c", program = folder.path / "left", debug = program + ".debug";
    write_text(source, "struct pg_conn *PQconnectdb(const char *);\n"
                       "static struct pg_conn *left;\n"
                       "static void opens(void) { left = PQconnectdb(\"\"); }\n"
                       "int main(void) { opens(); return !left; }\n");
    auto check = [&](const std::string& form) {
        CAPTURE(form);
        std::string journal = folder.path / "journal";
        run_pqsweep({"run", "--stacks", "--journal", journal, "--", program});
        CHECK(stack_in(journal) == Strings{source + ":3", source + ":4"});
        fs::remove(journal);
    };
    for (const std::string form : {"-no-pie", "-gz=zlib", "-gsplit-dwarf", "-flto", "-gdwarf-4"}) {
        REQUIRE(system((compiler + " -g -O2 " + form + " -o " + program + " " + source + " -lpq").c_str()) ==
                0);
        check(form);
    }
    REQUIRE(system(("cd " + folder.path.string() +
                    " && objcopy --only-keep-debug left left.debug && strip left && "
                    "objcopy --add-gnu-debuglink=left.debug left")
                       .c_str()) == 0);
    check("a link to a file beside it");
    fs::create_directories(folder.path / ".debug");
    fs::rename(debug, folder.path / ".debug/left.debug");
    check("a link to a file in .debug");
}

TEST_CASE("the summary says once that --stacks would name the lines, if it would") {
    std::string program = path_of("programs/located_gtest");
    constexpr const char* hint = "  --stacks names the lines where located_gtest opened them\n";
    CHECK(contains(run_pqsweep({"run", "--tag", "a", "--", program}), hint));
    CHECK(!contains(run_pqsweep({"run", "--tag", "a", "--no-stacks", "--", program}), "--stacks"));
    CHECK(!contains(run_pqsweep({"run", "--tag", "a", "--stacks", "--", program}), "--stacks"));
    CHECK(!contains(run_pqsweep({"run", "--", program}), "--stacks")); // nothing was left open
}

TEST_SUITE_END();
