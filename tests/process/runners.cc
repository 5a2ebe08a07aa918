// The runners' adapters, in suites whose fixtures outlive their modules, and in twins of these that leak.
#include "tests/support/files.hh"
#include "tests/support/outcome.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

using Words = std::vector<std::string>;

const Words gate{"--verbose", "--fail-on", "abandoned", "--exit-code", "3"};

Words pytest(const Words& more = {}, const Words& interpreter = {"/usr/bin/python3"}) {
    Words words = interpreter;
    words.insert(words.end(), {"-m", "pytest", "-p", "no:cacheprovider", "tests/fixtures/runners/pytest"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

Words last_module(Words interpreter) {
    interpreter.insert(interpreter.end(),
                       {"-m", "pytest", "-p", "no:cacheprovider", "tests/fixtures/suites/last"});
    return interpreter;
}

// Returns a file of the packages of tests/packages/newer.txt, by a pattern, or nothing if they can't be had.
std::string newer(const std::string& pattern) {
    std::string path = outcome_of({"/bin/sh", "-c", "printf %s build/newer/usr/" + pattern}).output;
    return std::filesystem::exists(path) ? path : "";
}

// Runs a suite that is correct, and the same suite with leaks, which are named as the summary does.
void check_fixtures(const Words& command, const Words& leaks) {
    Outcome correct = run_suite(gate, command);
    CAPTURE(correct.output);
    CAPTURE(correct.errors);
    CHECK(correct.status == 0);
    CHECK(!contains(correct.errors, "stragglers, by the test that opened them"));
    CHECK(!contains(correct.errors, "arning")); // of the adapter

    Outcome leaky = run_suite(gate, command, {{"LEAK", "1"}});
    CAPTURE(leaky.output);
    CAPTURE(leaky.errors);
    CHECK(leaky.status == 3);
    CHECK(!contains(leaky.output, "Warning")); // of a statement in a teardown
    for (const std::string& leak : leaks)
        CHECK(contains(leaky.errors, leak));
}

// Checks that a suite for pytest is green without pqsweep, with it, without adapters, and with each test as a tag. Returns the runs
// with it, for which `environment` is.
std::vector<Outcome> green_runs(const std::string& suite, const Environment& environment = {}) {
    const Words command{
        "/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "tests/fixtures/suites/" + suite};
    Outcome without = outcome_of(command, {{"PYTHONDONTWRITEBYTECODE", "1"}});
    CAPTURE(without.output);
    CHECK(without.status == 0);
    std::vector<Outcome> runs;
    for (const Words& options : {Words{}, Words{"--no-adapters"}, Words{"--scope", "test"}}) {
        const Outcome& run = runs.emplace_back(run_suite(options, command, environment));
        CAPTURE(run.output);
        CAPTURE(run.errors);
        CHECK(run.status == 0);
    }
    return runs;
}

} // namespace

TEST_SUITE_BEGIN("process: runners");

TEST_CASE("pytest: fixtures' connections and transactions outlive modules") {
    Folder folder("a folder with blanks");
    std::string copy = folder.path / "tests of mine";
    std::filesystem::copy("tests/fixtures/runners/pytest", copy);
    const std::pair<Words, const char*> runs[] = {
        {pytest(), "20 passed"},
        {pytest({"-n", "2"}), "20 passed"},
        {pytest({"-n", "2", "--dist", "loadscope"}), "20 passed"},
        {pytest({"-n", "2", "--dist", "loadgroup"}), "20 passed"},
        {pytest({"-n", "2", "--dist", "each"}), "40 passed"},
        {pytest({"--forked"}), "20 passed"},
        {pytest({"-W", "error", "--strict-markers", "--strict-config"}, {"/usr/bin/python3", "-W", "error"}),
         "20 passed"},
        {{"/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", copy}, "20 passed"},
    };
    for (const auto& [command, passed] : runs) {
        Outcome run = run_suite(gate, command);
        CAPTURE(run.output);
        CAPTURE(run.errors);
        CHECK(contains(run.output, passed));
        CHECK(run.status == 0);
    }
    Outcome by_test = run_suite({"--scope", "test"}, pytest());
    CAPTURE(by_test.output);
    CHECK(by_test.status == 0);
}

TEST_CASE("pytest: what tests left is swept before any wider finaliser, in the last module, too") {
    Outcome run = run_suite(gate, pytest(), {{"LEAK", "1"}});
    CAPTURE(run.output);
    CAPTURE(run.errors);
    CHECK(contains(run.output, "20 passed"));
    CHECK(!contains(run.output, "error"));
    CHECK(run.status == 3);
    for (std::string file : {"test_a.py", "test_b.py", "test_c.py"}) {
        CHECK(contains(run.errors, file + "::TestSeed::test_leaks_in_a_class (call)"));
        CHECK(contains(run.errors, file + "::test_leaks (call)"));
    }
}

TEST_CASE("what is in the midst of something when a module ends is green with pqsweep, as it is without") {
    for (const Outcome& run : green_runs("lifetimes"))
        CHECK(contains(run.output, "9 passed"));
}

TEST_CASE("a thread that stays inside a statement is cancelled after the settling time") {
    for (const Outcome& run : green_runs("sleeping", {{"SWEPT", "1"}}))
        CHECK(contains(run.errors, "conftest.py:11: 1 connection"));
}

TEST_CASE("pytest inside a test, without the adapter: the outer test's transaction lives on") {
    Words nested = pytest();
    nested.back() += "/test_d_pytester.py";
    Outcome run = run_suite({"--no-adapters"}, nested);
    CAPTURE(run.output);
    CHECK(run.status == 0);
    CHECK(contains(run.output, "2 passed"));
}

TEST_CASE("pytest: the verdict and the baseline of a serial run hold for workers") {
    Folder folder("baseline");
    std::string journal = folder.path / "journal", baseline = folder.path / "baseline.json";
    Outcome serial = run_suite({"--fail-on", "abandoned", "--journal", journal}, pytest(), {{"LEAK", "1"}});
    CAPTURE(serial.errors);
    CHECK(serial.status == 1);
    Program writer({build_directory() + "/pqsweep", "report", journal, "--write-baseline", baseline}, {},
                   Program::Shim::absent);
    CHECK(writer.finish() == 0);
    for (const Words& options : {Words{}, Words{"-n", "2"}, Words{"-n", "2", "--dist", "loadfile"}}) {
        Outcome gated = run_suite({"--fail-on", "abandoned"}, pytest(options), {{"LEAK", "1"}});
        Outcome run = run_suite({"--baseline", baseline}, pytest(options), {{"LEAK", "1"}});
        CAPTURE(run.output);
        CAPTURE(run.errors);
        CHECK(contains(run.output, "20 passed"));
        CHECK(gated.status == 1);
        CHECK(run.status == 0);
        CHECK(!contains(run.errors, "any more"));
    }
}

TEST_CASE("pytest: without its adapter a run is as with none") {
    Outcome none = run_suite({"--no-adapters"}, pytest(), {{"LEAK", "1"}});
    Outcome isolated = run_suite({}, pytest({}, {"/usr/bin/python3", "-I"}), {{"LEAK", "1"}});
    for (const Outcome& run : {none, isolated}) {
        CAPTURE(run.output);
        CHECK(run.status == 1);
        CHECK(contains(run.output, "canceling statement due to lock timeout"));
    }
}

TEST_CASE("pytest without its adapter: what the last module leaves to the interpreter's shutdown is its") {
    Words options = gate;
    options.emplace_back("--no-adapters");
    Outcome run = run_suite(options, last_module({"/usr/bin/python3"}));
    CAPTURE(run.errors);
    CHECK(run.status == 3);
    CHECK(contains(run.errors, "test_last.py::test_leaves (call)\n"));
    CHECK(contains(run.errors, "gate failed: 1 abandoned"));
}

TEST_CASE("a runner whose adapter's door is shut is named") {
    const std::string words = " ran without its adapter, and its fixtures are unknown (";
    Outcome isolated = run_suite({}, last_module({"/usr/bin/python3", "-I"}));
    CAPTURE(isolated.errors);
    CHECK(contains(isolated.errors, "pqsweep: pytest" + words + "python -I or -E"));
    Outcome brought = run_suite({}, last_module({"/usr/bin/python3"}));
    CHECK(!contains(brought.errors, words));
    Outcome left_out = run_suite({"--no-adapters"}, last_module({"/usr/bin/python3"}));
    CHECK(!contains(left_out.errors, words));
}

TEST_CASE("pytest-asyncio: fixtures' connections live as long as the loops of their scopes") {
    const std::string python = "build/clients/wheels/bin/python";
    if (outcome_of({python, "-c", "import psycopg, pytest_asyncio, xdist"}).status != 0)
        SKIP("PyPI's pytest-asyncio and pytest-xdist are not installed");
    const std::string file = "package/test_b.py::";
    check_fixtures(
        {python, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "tests/fixtures/suites/asyncio"},
        {file + "test_session", file + "test_package", file + "test_module", file + "TestClass::test_class",
         file + "test_function"});
}

TEST_CASE("pytest-django: what tests left does not keep its databases from being dropped") {
    if (outcome_of({"/usr/bin/python3", "-c", "import pytest_django, xdist"}).status != 0)
        SKIP("python3-pytest-django is not installed");
    check_fixtures({"/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "-W",
                    "ignore::DeprecationWarning", "tests/fixtures/suites/pytest_django"},
                   {"test_a.py::test_two_databases", "test_b.py::test_rolled_back",
                    "test_c.py::OrderTest::test_class_row"});
}

TEST_CASE("unittest: fixtures' connections outlive classes, what tests left does not") {
    check_fixtures(
        {"/usr/bin/python3", "-m", "unittest", "discover", "-s", "tests/fixtures/runners/unittest"},
        {"test_one::TruncatedTest.test_leaks_in_a_class", "test_one::LeakTest.test_leaks",
         "test_two::TruncatedTest.test_leaks_in_a_class", "test_two::LeakTest.test_leaks"});
}

TEST_CASE("RSpec: fixtures' connections outlive contexts, what tests left does not") {
    check_fixtures({"/usr/bin/rspec", "--order", "defined", "tests/fixtures/runners/rspec/spec"},
                   {"group a with rows leaks in context a", "group a leaks in a",
                    "group b with rows leaks in context b", "group b leaks in b"});
}

TEST_CASE("a fixture that restores the environment has ended for the tests after it") {
    const std::string folder = "tests/fixtures/runners/environment";
    const std::pair<Words, std::string> runs[] = {
        {{"/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", folder},
         "test_b.py::test_leaks (call)"},
        {{"/usr/bin/python3", "-m", "unittest", folder + "/classes.py"}, "classes::BTest.test_leaks"},
        {{"/usr/bin/rspec", "--order", "defined", folder + "/changed_spec.rb"},
         "changed_spec.rb::a till leaks"},
    };
    for (const auto& [command, leak] : runs) {
        Outcome run = run_suite(gate, command);
        CAPTURE(run.output);
        CAPTURE(run.errors);
        CHECK(run.status == 3);
        CHECK(contains(run.errors, leak));
        CHECK(!contains(run.errors, "fixture "));
    }
}

TEST_CASE("pytest: a fixture that fails is reported as without an adapter") {
    Folder folder("failing");
    write_text(folder.path / "test_failing.py", "import pytest\n"
                                                "@pytest.fixture(scope='module')\n"
                                                "def broken():\n"
                                                "    raise ValueError('broken')\n"
                                                "def test_uses(broken): pass\n"
                                                "@pytest.fixture\n"
                                                "def own():\n"
                                                "    raise ValueError('own')\n"
                                                "def test_uses_own(own): pass\n");
    for (std::string style : {"auto", "short", "native", "line"}) {
        const Words command{"/usr/bin/python3",
                            "-m",
                            "pytest",
                            "-p",
                            "no:cacheprovider",
                            "--tb=" + style,
                            "-q",
                            folder.path / "test_failing.py"};
        std::string lines[2];
        for (const Words& options : {Words{}, Words{"--no-adapters"}}) {
            Outcome run = run_suite(options, command);
            CHECK(run.status == 1);
            lines[options.size()] = run.output.substr(0, run.output.rfind(" in "));
        }
        CHECK(lines[0] == lines[1]);
    }
}

TEST_CASE("minitest: fixtures' connections outlive classes, what tests left does not") {
    check_fixtures({"/usr/bin/ruby", "-w", "tests/fixtures/runners/minitest/tests.rb"},
                   {"Shop.OrdersTest::test_leaks"});
}

TEST_CASE("minitest 6: fixtures' connections outlive classes, what tests left does not") {
    std::string library = newer("share/rubygems-integration/all/gems/minitest-6*/lib");
    if (library.empty())
        SKIP("Debian sid's ruby-minitest can't be had");
    check_fixtures({"/usr/bin/ruby", "-w", "-I", library, "tests/fixtures/runners/minitest/tests.rb"},
                   {"Shop.OrdersTest::test_leaks"});
}

TEST_CASE("PHPUnit: fixtures' connections outlive classes, what tests left does not") {
    check_fixtures({"/usr/bin/phpunit", "--do-not-cache-result", "tests/fixtures/runners/phpunit"},
                   {"AccountsTest::testLeaks", "OrdersTest::testLeaks"});
}

TEST_CASE("PHPUnit 11: fixtures' connections outlive classes, what tests left does not") {
    std::string phpunit = newer("bin/phpunit");
    if (phpunit.empty())
        SKIP("Debian 13's phpunit can't be had");
    check_fixtures({"/usr/bin/php", phpunit, "--do-not-cache-result", "tests/fixtures/runners/phpunit"},
                   {"AccountsTest::testLeaks", "OrdersTest::testLeaks"});
}

TEST_CASE("prove: the file is the tag, and the user's own variables stay in force") {
    Outcome run = run_suite({"--report", "always"}, {"/usr/bin/prove", "tests/fixtures/runners/prove/t"},
                            {{"PERL5OPT", "-Mstrict"}, {"SPEC_OPTS", "--no-color"}});
    CAPTURE(run.output);
    CHECK(run.status == 0);
    CHECK(contains(run.errors, "tests/fixtures/runners/prove/t/one.t"));
    Outcome variables =
        run_suite({}, {"/bin/sh", "-c", "echo $PERL5OPT; echo $SPEC_OPTS; echo $RUBYOPT"},
                  {{"PERL5OPT", "-Mstrict"}, {"SPEC_OPTS", "--no-color"}, {"RUBYOPT", "-W0"}});
    CHECK(contains(variables.output, "-MPqsweep -Mstrict"));
    CHECK(contains(variables.output, "pqsweep_rspec.rb' --no-color"));
    CHECK(contains(variables.output, "pqsweep_door.rb -W0"));
}

TEST_CASE("prove: what a file leaves to the end of its process has the state that it was left in") {
    Folder folder("prove");
    write_text(folder.path / "left.t", "use Test::More; use DBI;\n"
                                       "our $idle = DBI->connect('dbi:Pg:', '', '');\n"
                                       "our $begun = DBI->connect('dbi:Pg:', '', '', {AutoCommit => 0});\n"
                                       "ok $begun->do('select 1'); done_testing;\n");
    Outcome run = run_suite({"--fail-on", "exit"}, {"/usr/bin/prove", folder.path / "left.t"});
    CAPTURE(run.errors);
    CHECK(run.status == 1);
    CHECK(contains(run.errors, "left.t: 2 connections, 1 idle, 1 in transaction, open at exit\n"));
}

TEST_CASE("Python: a thread's connection has the lines that started the thread, or gave it its task") {
    const std::string file = "tests/fixtures/runners/threads/test_threads.py";
    const Words suite{"/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", file};
    Outcome run = run_suite({"--verbose", "--fail-on", "abandoned"}, suite);
    CAPTURE(run.output);
    CAPTURE(run.errors);
    CHECK(contains(run.output, "6 passed"));
    CHECK(run.status == 1);
    for (const auto& [test, chain] : {std::pair("test_thread", file + ":20 connect < " + file + ":29"),
                                      std::pair("test_first_task", file + ":20 connect < " + file + ":34"),
                                      std::pair("test_second_task", file + ":38 test_second_task"),
                                      std::pair("test_pool", file + ":24 make_pool < " + file + ":42")})
        CHECK(contains(run.errors, file + "::" + test + " (call)\n      " + chain + "\n"));
    // No line of the program is known, and one of a library is none to change.
    CHECK(contains(run_suite({}, suite).errors,
                   "\n  " + file +
                       "::test_thread_of_nobody (call): 1 connection, idle (a pool's), abandoned\n"));
}

TEST_CASE("Python: a pool's connection also has the line that made the pool") {
    const std::string file = "tests/fixtures/runners/pools/test_pools.py",
                      maker = "tests/fixtures/runners/pools/db.py";
    const Words suite{"/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", file};
    Outcome run = run_suite({}, suite);
    CAPTURE(run.output);
    CAPTURE(run.errors);
    CHECK(contains(run.output, "4 passed"));
    CHECK(contains(run.errors, "\n      " + file + ":9 test_engine (pool: " + maker + ":6 <module>)\n"));
    CHECK(contains(run.errors, "\n      " + file + ":13 test_pool (pool: " + maker + ":10 make_pool)\n"));
    // Its own line says it.
    CHECK(
        contains(run.errors, "\n  " + file + ":17: 1 connection of " + file + "::test_own_engine (call), "));
    CHECK(!contains(run.errors, file + ":17 test_own_engine (pool"));
    CHECK(run_suite({"--no-adapters"}, suite).errors.find("(pool: ") == std::string::npos);
}

TEST_CASE("Python: a thread starts in a program that forbids new code") {
    Outcome run = run_suite({}, {"/usr/bin/python3", "-c", R"(
import sys, threading
def forbid(event, _):
    if event == 'code.__new__':
        raise RuntimeError
sys.addaudithook(forbid)
thread = threading.Thread(target=print, args=['ran'])
thread.start()
thread.join()
)"});
    CHECK(run.status == 0);
    CHECK(run.output == "ran\n");
}

TEST_CASE("PHP: the user's own prepend file and folders of settings stay in force") {
    Folder folder("php");
    write_text(folder.path / "mine.php", "<?php $mine = 'kept';");
    write_text(folder.path / "mine.ini",
               "auto_prepend_file = \"" + (folder.path / "mine.php").string() + "\"\nprecision = 3\n");
    write_text(folder.path / "program.php", "<?php echo $mine, ' ', ini_get('precision'), \"\\n\";");
    const Words program{"/usr/bin/php", folder.path / "program.php"};
    for (const char* list : {"", ":"}) {
        Outcome run = run_suite({}, program, {{"PHP_INI_SCAN_DIR", list + folder.path.string()}});
        CHECK(run.output == "kept 3\n");
    }
    Words nested = run_command({}, program);
    CHECK(run_suite({}, nested, {{"PHP_INI_SCAN_DIR", folder.path}}).output == "kept 3\n");
    CHECK(run_suite({}, {"/usr/bin/php", "-m"}).output ==
          run_suite({"--no-adapters"}, {"/usr/bin/php", "-m"}).output);
}

TEST_CASE("the user's own sitecustomize and PYTHONPATH stay in force") {
    Folder folder("sitecustomize");
    write_text(folder.path / "sitecustomize.py", "import sys\nsys.mark = 'mine'\n");
    Outcome run =
        run_suite({"--allow-unseen"},
                  {"/usr/bin/python3", "-c",
                   "import sys, sitecustomize; print(sys.mark, sitecustomize.__file__, sys.path[1])"},
                  {{"PYTHONPATH", folder.path}});
    CHECK(run.output == "mine " + folder.path.string() + "/sitecustomize.py " + folder.path.string() + "\n");
    CHECK(run.errors.empty());
}

TEST_SUITE_END();
