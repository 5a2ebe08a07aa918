// The place in the program that opened a connection: the journal's `source` and `stack`, the summary, the owner's error.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"
#include "tools/journal/symbols.hh"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unistd.h>

using namespace pqsweep::tests;
namespace fs = std::filesystem;
using Json = nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* plain_python = "/usr/bin/python3";

// The second one is without the function that dumps a stack, and without the layout that other versions publish instead.
Strings pythons() {
    return {plain_python, build_directory() + "/programs/python-undumped"};
}

// Versions of Python that this machine has beside Debian's, and that publish their layout.
Strings other_pythons() {
    Strings found;
    const char* root = getenv("PYENV_ROOT");
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(fs::path(root ? root : "") / "versions", error))
        if (std::string version = entry.path().filename();
            version.starts_with("3.13.") || version.starts_with("3.14."))
            found.push_back(entry.path() / "bin/python3");
    return found;
}

// The copies in the build use Debian's modules.
std::string home_of(const std::string& python) {
    return python.starts_with(build_directory()) ? "/usr" : fs::path(python).parent_path().parent_path();
}

class Journal {
public:
    ~Journal() { fs::remove(path); }
    std::vector<Json> opened() const {
        std::vector<Json> records;
        std::ifstream stream(path);
        for (std::string line; std::getline(stream, line);)
            if (Json record = Json::parse(line); record["event"] == "open")
                records.push_back(record);
        return records;
    }
    const fs::path path =
        fs::temp_directory_path() / ("pqsweep-stacks-" + std::to_string(getpid()) + ".journal");
};

Strings lines_of(const Json& record, const char* key = "source") {
    return record.contains(key) ? record[key].get<Strings>() : Strings();
}

// Returns the places whose line has a comment "for NAME".
Strings places(const fs::path& file, const std::string& for_whom) {
    Strings all;
    std::ifstream stream(file);
    int number = 1;
    for (std::string line; std::getline(stream, line); number++)
        if (line.ends_with("# for " + for_whom))
            all.push_back(file.string() + ":" + std::to_string(number));
    return all;
}

std::string place(const Json& record) {
    Strings lines = lines_of(record);
    return lines.empty() ? "" : lines[0].substr(0, lines[0].rfind(' '));
}

struct Hazard {
    std::string name;
    size_t connections;
    bool has_place = true;
    std::string argument{};
};

// Checks that every connection has the line of its hazard, or that none has any.
void run(const Hazard& hazard, const std::string& python, const Environment& added = {}) {
    CAPTURE(python);
    CAPTURE(hazard.name);
    const fs::path script = fs::absolute("tests/fixtures/stacks/hazards.py");
    Journal journal;
    Environment environment{{"PYTHONHOME", home_of(python)}, {"PQSWEEP_JOURNAL", journal.path}};
    environment.insert(added.begin(), added.end());
    Strings command{python, script, hazard.name};
    if (!hazard.argument.empty())
        command.push_back(hazard.argument);
    Program program(command, environment);
    CHECK(program.finish() == 0);
    CHECK(program.output().starts_with("done"));
    CHECK(program.errors() == "");
    auto opened = journal.opened();
    CHECK(opened.size() == hazard.connections);
    Strings expected{""};
    if (hazard.has_place)
        expected = places(script, hazard.name);
    // From Python 3.12 on, a thread has a state of its own in each interpreter, and the frames of one alone; 3.14 names them
    // differently.
    if (hazard.has_place && hazard.name == "subinterpreter")
        expected.insert(expected.end(), {"<string>:1", "<script>:1"});
    for (const Json& record : opened) {
        CHECK(std::ranges::count(expected, place(record)) == 1);
        for (const std::string& line : lines_of(record))
            CHECK(contains(line, place(record).starts_with("<") ? ">:" : "hazards.py:"));
    }
}

} // namespace

TEST_SUITE_BEGIN("process: stacks");

TEST_CASE("in a pytest suite, the line of the test, whatever is between it and libpq") {
    const fs::path suite = fs::absolute("tests/fixtures/stacks/suite"), file = suite / "test_places.py";
    for (const std::string& python : pythons()) {
        CAPTURE(python);
        Journal journal;
        Program pytest({python, "-m", "pytest", "-q", "-p", "no:cacheprovider", suite},
                       {{"PYTHONHOME", "/usr"}, {"PQSWEEP_JOURNAL", journal.path}});
        CHECK(pytest.finish() == 0);
        CAPTURE(pytest.output());
        auto opened = journal.opened();
        CHECK(opened.size() == 7);
        for (const Json& record : opened) {
            std::string test = record["test"];
            test = test.substr(test.find("::") + 2);
            auto expected = places(file, test.substr(0, test.find(' ')));
            REQUIRE(expected.size() == 1);
            CHECK(place(record) == expected[0]);
            for (const std::string& line : lines_of(record))
                CHECK(line.starts_with(file.string() + ":"));
        }
    }
}

TEST_CASE("wherever it is hard to look: the line, and no harm") {
    const Hazard hazards[] = {{"with_gil", 1},           {"in_handler", 2}, {"deep", 1},
                              {"threads", 80},           {"fork", 3},       {"at_exit", 1},
                              {"thread_of_c", 1, false}, {"spread", 3}};
    for (const std::string& python : pythons())
        for (const Hazard& hazard : hazards)
            run(hazard, python);
}

TEST_CASE("a Python that publishes its layout instead of a function: the line, without the GIL") {
    if (!sanitizer_runtime().empty())
        SKIP("the other versions of Python are not built for a sanitizer's runtime");
    if (other_pythons().empty())
        SKIP("there is no Python 3.13 or 3.14 beside Debian's");
    const Hazard hazards[] = {
        {"with_gil", 1},       {"in_handler", 2},
        {"deep", 1},           {"threads", 80},
        {"fork", 3},           {"at_exit", 1},
        {"spread", 3},         {"thread_of_c", 1, false},
        {"daemon", 8},         {"finalizing", 2},
        {"subinterpreter", 2}, {"lock", 1, true, build_directory() + "/programs/locking.so"}};
    for (const std::string& python : other_pythons())
        for (const Hazard& hazard : hazards)
            run(hazard, python);
}

TEST_CASE("a file's name may have any bytes") {
    Folder folder("stacks");
    const fs::path file = folder.path / "pqsweep \"a\\\n\xc3\xa9\xff";
    fs::copy_file("tests/fixtures/stacks/hazards.py", file);
    std::string line = places(file, "with_gil").at(0);
    line.replace(line.find('\xff'), 1, "\xef\xbf\xbd");
    Strings all = pythons();
    for (const std::string& other : other_pythons())
        all.push_back(other);
    for (const std::string& python : all) {
        Journal journal;
        Program program({python, file, "with_gil"},
                        {{"PYTHONHOME", home_of(python)}, {"PQSWEEP_JOURNAL", journal.path}});
        CHECK(program.finish() == 0);
        REQUIRE(journal.opened().size() == 1);
        bool is_dumped = python != pythons()[1];
        CHECK(place(journal.opened()[0]) == (is_dumped ? line : "???" + line.substr(line.rfind(':'))));
    }
}

TEST_CASE("a look leaves nothing behind: no object, no reference, no descriptor, no memory") {
    if (!sanitizer_runtime().empty())
        SKIP("a sanitizer's runtime keeps freed memory back");
    for (const std::string& python : pythons())
        run({"leaks", 0, false}, python);
}

TEST_CASE("a library that holds its lock while it connects is not made to wait for who waits for the lock") {
    std::string plugin = build_directory() + "/programs/locking.so";
    run({"lock", 1, true, plugin}, pythons()[0]);
    run({"lock", 1, false, plugin}, pythons()[1]); // only the GIL would give it
}

TEST_CASE("a subinterpreter: the line that runs it") {
    run({"subinterpreter", 2}, pythons()[0]);
    run({"subinterpreter", 2, false}, pythons()[1]);
}

TEST_CASE("at the end of the interpreter") {
    run({"finalizing", 2}, pythons()[0]);
    run({"finalizing", 2, false}, pythons()[1]);
    for (const std::string& python : pythons())
        run({"daemon", 8}, python);
}

TEST_CASE("a program that loads Python, and ends it") {
    Dl_info libpq;
    REQUIRE(dladdr(reinterpret_cast<void*>(&PQconnectdb), &libpq));
    std::string library;
    for (const auto& entry : fs::directory_iterator(fs::path(libpq.dli_fname).parent_path()))
        if (std::string name = entry.path().filename();
            name.starts_with("libpython3.") && name.ends_with(".so.1.0"))
            library = entry.path();
    if (library.empty())
        SKIP("there is no libpython3");
    Journal journal;
    Program program({"embeds", library}, {{"PQSWEEP_JOURNAL", journal.path}});
    CHECK(program.finish() == 0);
    CHECK(program.output() == "kept\n");
    CHECK(program.errors() == "");
    std::string all;
    for (const Json& record : journal.opened())
        all += place(record) + ",";
    CHECK(all == ",,,,<string>:3,,");
}

TEST_CASE("a program that is not Python has no lines, and calls where it is asked to note them") {
    for (const char* wanted : {"", "0", "1"}) {
        CAPTURE(std::string(wanted));
        Journal journal;
        Environment environment{{"PQSWEEP_JOURNAL", journal.path}};
        if (*wanted)
            environment["PQSWEEP_STACKS"] = wanted;
        Program client({"client"}, environment);
        client.say("open c");
        CHECK(client.finish() == 0);
        auto opened = journal.opened();
        REQUIRE(opened.size() == 1);
        CHECK(!opened[0].contains("source"));
        auto calls = lines_of(opened[0], "stack");
        CHECK(calls.empty() == (wanted != std::string("1")));
        std::string all;
        for (const std::string& call : calls)
            all += pqsweep::tools::symbolise(call)[0].function + "\n";
        CAPTURE(all);
        if (!calls.empty())
            CHECK(all.find("main\n") != std::string::npos);
    }
}

TEST_CASE("the summary has the line of a straggler, and so has the error that its owner gets") {
    const fs::path script = fs::absolute("tests/fixtures/stacks/straggler.py");
    Program python({plain_python, script});
    CHECK(python.finish() == 0);
    std::string place = places(script, "straggler").at(0);
    std::string relative = fs::path(place).lexically_relative(fs::current_path());
    CHECK(python.output() == "Opened under tag \"one\" at " + relative +
                                 ", closed with a transaction open when the tag changed to \"two\".\n");
    size_t at = python.errors().find("\n      at ");
    REQUIRE(at != std::string::npos);
    std::istringstream rest(python.errors().substr(at + 1));
    std::string line;
    std::getline(rest, line);
    CHECK(line.size() <= 80);
    CHECK(line.ends_with(place.substr(place.rfind('/')) + " <module>"));
}

TEST_CASE("summary and DETAIL: the line, its caller, the test's own line, and who used it last") {
    if (!fs::exists("/usr/bin/pytest"))
        SKIP("there is no pytest; in Debian it is python3-pytest");
    Program run({"/bin/sh", "-c",
                 "cd tests/fixtures/stacks/chain && exec " + fs::absolute(build_directory()).string() +
                     "/pqsweep run -- " + plain_python + " -m pytest -sq -p no:cacheprovider"},
                {{"PYTHONDONTWRITEBYTECODE", "1"}}, Program::Shim::absent);
    CHECK(run.finish() == 0);
    const std::string chain = "db.py:5 raw_connection < repo.py:8 __init__ < test_users.py:5";
    CAPTURE(run.output());
    CAPTURE(run.errors());
    CHECK(contains(run.output(), " at " + chain + ", last used by test_users.py::test_uses"));
    std::string summary = run.errors(); // in a checkout, paths start at its root
    const std::string folder = "tests/fixtures/stacks/chain/";
    for (size_t at = summary.find(folder); at != summary.npos; at = summary.find(folder, at))
        summary.erase(at, folder.size());
    CHECK(contains(summary, "\n  db.py:5: 1 connection of test_users.py::test_opens (call), last used "
                            "by test_users.py::test_uses"));
    CHECK(contains(summary, "\n      " + chain + "\n"));
}

TEST_CASE("the HINT names the function or file that opened the connection, and the setting exempts it") {
    const fs::path script = fs::absolute("tests/fixtures/stacks/hint.py");
    const Environment test{{"PYTEST_CURRENT_TEST", "one.py::test_a (call)"}};
    for (const auto& [way, keep] : std::map<std::string, std::string>{
             {"in_function", "function=open_session"}, {"in_module", "file=" + script.string()}}) {
        Program python({plain_python, script, way}, test);
        CHECK(python.finish() == 0);
        CHECK(contains(python.output(), "set PQSWEEP_KEEP='" + keep + "'."));
        Environment kept = test;
        kept.insert({"PQSWEEP_KEEP", keep});
        Program lives({plain_python, script, way}, kept);
        CHECK(lives.finish() == 0);
        CHECK(lives.output() == "alive\n");
    }
}

TEST_CASE("0 turns it off for Python, too") {
    Journal journal;
    Program python({plain_python, "tests/fixtures/stacks/hazards.py", "with_gil"},
                   {{"PQSWEEP_JOURNAL", journal.path}, {"PQSWEEP_STACKS", "0"}});
    CHECK(python.finish() == 0);
    REQUIRE(journal.opened().size() == 1);
    CHECK(!journal.opened()[0].contains("source"));
}

TEST_SUITE_END();
