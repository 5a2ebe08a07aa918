// The runners' adapters, in suites whose fixtures outlive their modules, and in twins of these that leak.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/server.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

using Words = std::vector<std::string>;

struct Run {
    Run(const Words& options, const Words& command, Environment environment = {}) {
        Words words{build_directory() + "/pqsweep", "run"};
        words.insert(words.end(), options.begin(), options.end());
        words.emplace_back("--");
        words.insert(words.end(), command.begin(), command.end());
        environment.insert({"PYTHONDONTWRITEBYTECODE", "1"});
        Program program(words, environment, Program::Shim::absent);
        status = program.finish();
        output = program.output();
        summary = program.errors();
    }
    int status;
    std::string output, summary;
};

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

} // namespace

TEST_SUITE_BEGIN("process: runners");

TEST_CASE("pytest: fixtures' connections and transactions outlive modules") {
    for (const Words& options :
         {Words{}, Words{"-n", "2"}, Words{"--forked"}, Words{"-W", "error"}, Words{"--strict-markers"}}) {
        Run run(gate, pytest(options));
        CAPTURE(run.output);
        CAPTURE(run.summary);
        CHECK(contains(run.output, "20 passed"));
        CHECK(run.status == 0);
    }
    Run by_test({"--scope", "test"}, pytest());
    CAPTURE(by_test.output);
    CHECK(by_test.status == 0);
}

TEST_CASE("pytest: what tests left is swept before any wider finaliser, in the last module, too") {
    Run run(gate, pytest(), {{"LEAK", "1"}});
    CAPTURE(run.output);
    CAPTURE(run.summary);
    CHECK(contains(run.output, "20 passed"));
    CHECK(!contains(run.output, "error"));
    CHECK(run.status == 3);
    for (std::string file : {"test_a.py", "test_b.py", "test_c.py"}) {
        CHECK(contains(run.summary, file + "::TestSeed::test_leaks_in_a_class (call)"));
        CHECK(contains(run.summary, file + "::test_leaks (call)"));
    }
}

TEST_CASE("pytest: the verdict and the baseline of a serial run hold for workers") {
    Folder folder("baseline");
    std::string journal = folder.path / "journal", baseline = folder.path / "baseline.json";
    Run serial({"--fail-on", "abandoned", "--journal", journal}, pytest(), {{"LEAK", "1"}});
    CAPTURE(serial.summary);
    CHECK(serial.status == 1);
    Program writer({build_directory() + "/pqsweep", "report", journal, "--write-baseline", baseline}, {},
                   Program::Shim::absent);
    CHECK(writer.finish() == 0);
    for (const Words& options : {Words{}, Words{"-n", "2"}, Words{"-n", "2", "--dist", "loadfile"}}) {
        Run gated({"--fail-on", "abandoned"}, pytest(options), {{"LEAK", "1"}});
        Run run({"--baseline", baseline}, pytest(options), {{"LEAK", "1"}});
        CAPTURE(run.output);
        CAPTURE(run.summary);
        CHECK(contains(run.output, "20 passed"));
        CHECK(gated.status == 1);
        CHECK(run.status == 0);
        CHECK(!contains(run.summary, "any more"));
    }
}

TEST_CASE("pytest: without its adapter a run is as with none") {
    Run none({"--no-adapters"}, pytest(), {{"LEAK", "1"}});
    Run isolated({}, pytest({}, {"/usr/bin/python3", "-I"}), {{"LEAK", "1"}});
    for (const Run& run : {none, isolated}) {
        CAPTURE(run.output);
        CHECK(run.status == 1);
        CHECK(contains(run.output, "canceling statement due to lock timeout"));
    }
}

TEST_CASE("pytest without its adapter: what the last module leaves to the interpreter's shutdown is its") {
    Words options = gate;
    options.emplace_back("--no-adapters");
    Run run(options, last_module({"/usr/bin/python3"}));
    CAPTURE(run.summary);
    CHECK(run.status == 3);
    CHECK(contains(run.summary, "test_last.py::test_leaves (call)\n"));
    CHECK(contains(run.summary, "gate failed: 1 abandoned"));
}

TEST_CASE("a runner whose adapter's door is shut is named") {
    const std::string words = " ran without its adapter, and its fixtures are unknown (";
    Run isolated({}, last_module({"/usr/bin/python3", "-I"}));
    CAPTURE(isolated.summary);
    CHECK(contains(isolated.summary, "pqsweep: pytest" + words + "python -I or -E"));
    Run brought({}, last_module({"/usr/bin/python3"}));
    CHECK(!contains(brought.summary, words));
    Run left_out({"--no-adapters"}, last_module({"/usr/bin/python3"}));
    CHECK(!contains(left_out.summary, words));
}

TEST_CASE(
    "unittest, RSpec, minitest, PHPUnit: fixtures' connections outlive classes and contexts, what tests left "
    "does not") {
    const std::string folder = std::filesystem::absolute("tests/fixtures/runners");
    struct Suite {
        Words command;
        Words leaks; // as the summary names them
    };
    const Suite suites[] = {
        {{"/usr/bin/python3", "-m", "unittest", "discover", "-s", folder + "/unittest"},
         {"test_one::TruncatedTest.test_leaks_in_a_class", "test_one::LeakTest.test_leaks",
          "test_two::TruncatedTest.test_leaks_in_a_class", "test_two::LeakTest.test_leaks"}},
        {{"/usr/bin/rspec", "--order", "defined", folder + "/rspec/spec"},
         {"group a with rows leaks in context a", "group a leaks in a",
          "group b with rows leaks in context b", "group b leaks in b"}},
        {{"/usr/bin/ruby", folder + "/minitest/tests.rb"}, {"Shop.OrdersTest::test_leaks"}},
        {{"/usr/bin/phpunit", "--do-not-cache-result", folder + "/phpunit"},
         {"AccountsTest::testLeaks", "OrdersTest::testLeaks"}},
    };
    for (const Suite& suite : suites) {
        CAPTURE(suite.command[0]);
        Run correct(gate, suite.command);
        CAPTURE(correct.output);
        CAPTURE(correct.summary);
        CHECK(correct.status == 0);
        CHECK(!contains(correct.summary, "stragglers, by the test that opened them"));

        Run leaky(gate, suite.command, {{"LEAK", "1"}});
        CAPTURE(leaky.output);
        CAPTURE(leaky.summary);
        CHECK(leaky.status == 3);
        CHECK(!contains(leaky.output, "Warning")); // of a statement in a teardown
        for (const std::string& leak : suite.leaks)
            CHECK(contains(leaky.summary, leak));
    }
}

TEST_CASE("prove: the file is the tag, and the user's own variables stay in force") {
    Run run({"--report", "always"}, {"/usr/bin/prove", "tests/fixtures/runners/prove/t"},
            {{"PERL5OPT", "-Mstrict"}, {"SPEC_OPTS", "--no-color"}});
    CAPTURE(run.output);
    CHECK(run.status == 0);
    CHECK(contains(run.summary, "tests/fixtures/runners/prove/t/one.t"));
    Run variables({}, {"/bin/sh", "-c", "echo $PERL5OPT; echo $SPEC_OPTS"},
                  {{"PERL5OPT", "-Mstrict"}, {"SPEC_OPTS", "--no-color"}});
    CHECK(contains(variables.output, "-MPqsweep -Mstrict"));
    CHECK(contains(variables.output, "pqsweep_rspec.rb' --no-color"));
}

TEST_CASE("PHP: the user's own prepend file and folders of settings stay in force") {
    Folder folder("php");
    write_text(folder.path / "mine.php", "<?php $mine = 'kept';");
    write_text(folder.path / "mine.ini",
               "auto_prepend_file = \"" + (folder.path / "mine.php").string() + "\"\nprecision = 3\n");
    write_text(folder.path / "program.php", "<?php echo $mine, ' ', ini_get('precision'), \"\\n\";");
    const Words program{"/usr/bin/php", folder.path / "program.php"};
    for (const char* list : {"", ":"}) {
        Run run({}, program, {{"PHP_INI_SCAN_DIR", list + folder.path.string()}});
        CHECK(run.output == "kept 3\n");
    }
    Words nested{build_directory() + "/pqsweep", "run", "--"};
    nested.insert(nested.end(), program.begin(), program.end());
    CHECK(Run({}, nested, {{"PHP_INI_SCAN_DIR", folder.path}}).output == "kept 3\n");
    CHECK(Run({}, {"/usr/bin/php", "-m"}).output == Run({"--no-adapters"}, {"/usr/bin/php", "-m"}).output);
}

TEST_CASE("the user's own sitecustomize and PYTHONPATH stay in force") {
    Folder folder("sitecustomize");
    write_text(folder.path / "sitecustomize.py", "import sys\nsys.mark = 'mine'\n");
    Run run({"--allow-unseen"},
            {"/usr/bin/python3", "-c",
             "import sys, sitecustomize; print(sys.mark, sitecustomize.__file__, sys.path[1])"},
            {{"PYTHONPATH", folder.path}});
    CHECK(run.output == "mine " + folder.path.string() + "/sitecustomize.py " + folder.path.string() + "\n");
    CHECK(run.summary.empty());
}

TEST_SUITE_END();
