// The verdict: what counts as abandoned, late and open at exit, in correct suites and in twins of these that leak.
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

const Words gate{"--fail-on", "abandoned"};

Words pytest(const Words& more = {}) {
    const std::string folder = "tests/fixtures/verdict/pytest/";
    Words words{"/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider"};
    if (more.empty() || !more[0].ends_with(".py"))
        words.push_back(folder);
    for (const std::string& word : more)
        words.push_back(word.ends_with(".py") ? folder + word : word);
    return words;
}

} // namespace

TEST_SUITE_BEGIN("process: verdict");

TEST_CASE("SQLAlchemy: an engine for the whole session passes, whatever modules follow") {
    for (const Words& more :
         {Words{}, Words{"-n", "2"}, Words{"test_a.py"}, Words{"test_a.py", "test_c.py"}}) {
        Run run(gate, pytest(more));
        CAPTURE(run.output);
        CAPTURE(run.summary);
        CHECK(run.status == 0);
        CHECK(contains(run.summary, ": 0 abandoned, "));
        CHECK(contains(run.summary, " late"));
    }
    Run late({"--fail-on", "late"}, pytest());
    CAPTURE(late.summary);
    CHECK(late.status == 1);
    CHECK(contains(late.summary, "pqsweep: gate failed: 3 late; exit status 1\n"));
}

TEST_CASE("SQLAlchemy: a pool that several modules used, and nobody closed, is open at exit") {
    Environment global{{"ENGINE", "global"}};
    Run run(gate, pytest(), global);
    CAPTURE(run.output);
    CAPTURE(run.summary);
    CHECK(run.status == 0);
    CHECK(contains(run.summary, ": 0 abandoned, 3 revived, 1 open at exit; "));
    CHECK(contains(Run({"--fail-on", "exit"}, pytest(), global).summary, "gate failed: 1 open at exit; "));
}

TEST_CASE("SQLAlchemy: the ROLLBACK of the pool's finaliser is no use, at exit and when a failed test goes") {
    Run kept(gate, pytest(), {{"LEAK", "kept"}});
    CAPTURE(kept.output);
    CAPTURE(kept.summary);
    CHECK(kept.status == 1);
    CHECK(contains(kept.summary, "1 abandoned, 2 late\n"));
    CHECK(contains(kept.summary, "gate failed: 1 abandoned; exit status 1\n"));
    for (const Words& more : {Words{}, Words{"test_a.py"}, Words{"-n", "2"}}) {
        Run failed(gate, pytest(more), {{"LEAK", "failed"}});
        CAPTURE(failed.output);
        CAPTURE(failed.summary);
        CHECK(failed.status == 1);
        CHECK(contains(failed.summary, "gate failed: 1 abandoned; exit status stays 1\n"));
    }
}

TEST_CASE(
    "DBI, PDO, ActiveRecord: a transaction is late if its owner ends it, and abandoned if it is destroyed") {
    const Words suites[] = {{"/usr/bin/perl", "tests/fixtures/verdict/dbi.pl"},
                            {"/usr/bin/php", "tests/fixtures/verdict/pdo.php"},
                            {"/usr/bin/ruby", "tests/fixtures/verdict/active_record.rb"}};
    for (const Words& suite : suites) {
        Environment environment;
        if (suite[0] != "/usr/bin/ruby")
            environment["PQSWEEP_TAG"] = "a";
        CAPTURE(suite[1]);
        Run leaky(gate, suite, environment);
        CAPTURE(leaky.output);
        CAPTURE(leaky.summary);
        CHECK(leaky.status == 1);
        CHECK(contains(leaky.summary, "1 connection, in transaction, abandoned"));
        CHECK(contains(leaky.summary, "pqsweep: gate failed: 1 abandoned; exit status 1\n"));
        environment["CORRECT"] = "1";
        Run correct(gate, suite, environment);
        CAPTURE(correct.output);
        CAPTURE(correct.summary);
        CHECK(correct.status == 0);
        CHECK(contains(correct.summary, ": 0 abandoned, 1 late"));
    }
}

TEST_SUITE_END();
