// Tests what `pqsweep run` prints at the end.
#include "tests/support/files.hh"
#include "tests/support/outcome.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

TEST_SUITE_BEGIN("process: run");

TEST_CASE("the summary: the worst places, the totals, the verdict; one line if all is well") {
    Folder folder("summary");
    write_text(folder.path / "db.py", "import psycopg2\n\n\ndef connect(begins):\n"
                                      "    connection = psycopg2.connect('')\n"
                                      "    if begins:\n        connection.cursor().execute('select 1')\n"
                                      "    return connection\n");
    write_text(folder.path / "suite.py",
               "import os\nimport db\n\nleft = []\n\n\n"
               "def use(module, number, begins):\n"
               "    os.environ['PYTEST_CURRENT_TEST'] = f'{module}.py::test_{number} (call)'\n"
               "    left.append(db.connect(begins))\n\n\n"
               "for i in range(9):\n    use('abc'[i // 3], i, i % 3 == 0)\n"
               "os.environ['PYTEST_CURRENT_TEST'] = 'd.py::test (call)'\n");
    auto summary = [&](std::vector<std::string> options) {
        options.insert(options.begin(), "--no-revive");
        Program program(
            run_command(options, {"/bin/sh", "-c",
                                  "cd " + folder.path.string() + " && exec /usr/bin/python3 suite.py"}),
            {}, Program::Shim::absent);
        program.finish();
        std::string text = program.errors(), path = folder.path.string() + "/";
        for (size_t at = 0; (at = text.find(path)) != std::string::npos;)
            text.erase(at, path.size());
        return text;
    };
    CHECK(summary({"--exit-code", "9"}) ==
          "pqsweep: left open, by the line that opened them:\n"
          "  db.py:5: 9 connections of 3 modules, 6 idle, 3 in transaction, abandoned\n"
          "      db.py:5 connect < suite.py:9 use < suite.py:13\n"
          "  by tag: a.py 3, b.py 3, c.py 3\n"
          "pqsweep: 9 connections, 9 stragglers: 9 abandoned; at most 3 open, without pqsweep 9\n"
          "pqsweep: gate failed: 9 abandoned; exit status 9\n");
    CHECK(contains(summary({"--verbose"}), "stragglers, by the test that opened them:\n"));
    CHECK(summary({"--report", "never"}) == "");
    Program well(
        run_command({"--fail-on", "exit"}, {"/bin/sh", "-c", "printf 'open c\nfinish c\n' | " + client()[0]}),
        {}, Program::Shim::absent);
    CHECK(well.finish() == 0);
    CHECK(well.errors() == "pqsweep: 1 connection, no stragglers\n");
}

TEST_CASE("a tag that hides those of a test runner is named") {
    Folder folder("tag");
    std::string pattern = "--tag mine hides the tags of the test runner";
    auto errors = [&](const std::string& opens) {
        write_text(folder.path / "commands", opens);
        Program program(
            run_command({"--tag", "mine"},
                        {"/bin/sh", "-c", client()[0] + " <" + (folder.path / "commands").string()}),
            {}, Program::Shim::absent);
        program.finish();
        return program.errors();
    };
    for (const char* end : {"", "finish c\n"}) // also if nothing is left
        CHECK(contains(errors("setenv PYTEST_CURRENT_TEST t.py::test_a (call)\nopen c\n" + std::string(end)),
                       pattern));
    CHECK(!contains(errors("open c\n"), pattern));
}

TEST_CASE("the summary: five places of many, and how to see the others") {
    Folder folder("summary");
    std::string commands;
    for (int i = 0; i < 8; i++)
        commands += "setenv PQSWEEP_TAG t" + std::to_string(i) + "\nopen c" + std::to_string(i) + "\n";
    commands += "setenv PQSWEEP_TAG end\n";
    write_text(folder.path / "commands", commands);
    auto lines = [&](const std::vector<std::string>& options) {
        Program program(
            run_command(options, {"/bin/sh", "-c", client()[0] + " <" + (folder.path / "commands").string()}),
            {}, Program::Shim::absent);
        program.finish();
        return program.errors();
    };
    std::string five = "pqsweep: stragglers, by the test that opened them:\n";
    for (int i = 0; i < 5; i++)
        five += "  t" + std::to_string(i) + ": 1 connection, idle, abandoned\n";
    std::string totals =
        "pqsweep: 8 connections, 8 stragglers: 8 abandoned; at most 1 open, without pqsweep 8\n";
    std::string journal = folder.path / "journal";
    std::string hint = "  --stacks names the lines where client opened them\n";
    CHECK(lines({"--no-revive"}) == five + "  +3 more: --verbose lists them\n" + hint + totals);
    CHECK(lines({"--no-revive", "--journal", journal}) ==
          five + "  +3 more: pqsweep report --html report.html " + journal + "\n" + hint + totals);
}

// Runs a command in a folder, on a terminal of so many columns, and returns what stands on it.
std::string on_terminal(const std::string& columns, const std::string& folder, const std::string& command) {
    std::string all = "stty cols " + columns + "; cd " + folder + " && " + command;
    Program program({"/usr/bin/script", "-qec", all, "/dev/null"},
                    {{"NO_COLOR", "1"}, {"PYTHONDONTWRITEBYTECODE", "1"}}, Program::Shim::absent);
    program.finish();
    std::string text = program.output();
    std::erase(text, '\r');
    return text;
}

TEST_CASE("the summary on a terminal: no line is wider, names lose what the heading says, 15 lines at most") {
    Folder folder("terminal");
    fs::create_directories(folder.path / "tests/api");
    write_text(folder.path / "tests/db.py",
               "import psycopg2\n\n\ndef connect():\n    return psycopg2.connect('')\n");
    for (std::string name : {"carts", "invoices", "orders", "payments", "reports", "users"})
        write_text(folder.path / "tests/api" / ("test_" + name + ".py"),
                   "import sys\nsys.path.insert(0, 'tests')\nimport db, psycopg2\nkept = []\n\n\n"
                   "def test_" +
                       name +
                       "_are_listed_in_the_order_of_their_creation():\n"
                       "    kept.append(psycopg2.connect(''))\n    kept[0].cursor().execute('select 1')\n\n\n"
                       "def test_total():\n    kept.append(db.connect())\n");
    std::string pqsweep = fs::absolute(build_directory()) / "pqsweep";
    std::string command =
        pqsweep + " run --fail-on abandoned -- /usr/bin/python3 -m pytest -qq -p no:cacheprovider";
    std::string narrow = on_terminal("80", folder.path, command);
    narrow.erase(0, narrow.find("pqsweep:"));
    CHECK(narrow == "pqsweep: left open, by the line in tests/ that opened them:\n"
                    "  db.py:5: 6 connections of 6 modules, idle, abandoned\n"
                    "      db.py:5 connect < api/test_carts.py:13\n"
                    "  api/test_carts.py:8: 1 connection, in transaction, abandoned\n"
                    "      test_carts_are_listed_in_the_order_of_their_creation (call)\n"
                    "  api/test_invoices.py:8: 1 connection, in transaction, abandoned\n"
                    "      test_invoices_are_listed_in_the_order_of_their_creation (call)\n"
                    "  api/test_orders.py:8: 1 connection, in transaction, abandoned\n"
                    "      test_orders_are_listed_in_the_order_of_their_creation (call)\n"
                    "  +3 more: --verbose lists them\n"
                    "  by tag: api/test_carts.py 2, api/test_invoices.py 2, +4 more\n"
                    "pqsweep: 12 connections, 12 stragglers: 12 abandoned\n"
                    "pqsweep: at most 2 open, without pqsweep 12\n"
                    "pqsweep: gate failed: 12 abandoned; exit status 1\n");
    std::string wide = on_terminal("132", folder.path, command);
    CHECK(contains(wide,
                   "\n  api/test_carts.py:8: 1 connection of test_carts_are_listed_in_the_order_of_their_"
                   "creation (call), in transaction, abandoned\n"));
    CHECK(contains(wide, "12 abandoned; at most 2 open, without pqsweep 12\n"));
}

TEST_SUITE_END();
