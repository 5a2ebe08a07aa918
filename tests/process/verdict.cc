// The verdict: what counts as abandoned, late and open at exit, in correct suites and in twins of these that leak.
#include "tests/support/files.hh"
#include "tests/support/outcome.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

using Words = std::vector<std::string>;

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

// Runs a suite that leaves a transaction to be destroyed, and then the same suite, whose owner ends it.
void check_transaction(const Words& suite, Environment environment) {
    CAPTURE(suite[1]);
    Outcome leaky = run_suite(gate, suite, environment);
    CAPTURE(leaky.output);
    CAPTURE(leaky.errors);
    CHECK(leaky.status == 1);
    CHECK(contains(leaky.errors, "1 connection, in transaction, abandoned"));
    CHECK(contains(leaky.errors, "pqsweep: gate failed: 1 abandoned; exit status 1\n"));
    environment.insert({"CORRECT", "1"});
    Outcome correct = run_suite(gate, suite, environment);
    CAPTURE(correct.output);
    CAPTURE(correct.errors);
    CHECK(correct.status == 0);
    CHECK(contains(correct.errors, ": 0 abandoned, 1 late"));
}

} // namespace

TEST_SUITE_BEGIN("process: verdict");

TEST_CASE("SQLAlchemy: an engine for the whole session passes, whatever modules follow") {
    for (const Words& more :
         {Words{}, Words{"-n", "2"}, Words{"test_a.py"}, Words{"test_a.py", "test_c.py"}}) {
        Outcome run = run_suite(gate, pytest(more));
        CAPTURE(run.output);
        CAPTURE(run.errors);
        CHECK(run.status == 0);
        CHECK(contains(run.errors, ": 0 abandoned, "));
        CHECK(contains(run.errors, " late"));
    }
    Outcome late = run_suite({"--fail-on", "late"}, pytest());
    CAPTURE(late.errors);
    CHECK(late.status == 1);
    CHECK(contains(late.errors, "pqsweep: gate failed: 3 late; exit status 1\n"));
}

TEST_CASE("SQLAlchemy: a pool that several modules used, and nobody closed, is open at exit") {
    for (const auto& [engine, revived] : {std::pair("global", "1 revived, "), std::pair("schema", "")}) {
        Environment variables{{"ENGINE", engine}};
        Outcome run = run_suite(gate, pytest(), variables);
        CAPTURE(run.output);
        CAPTURE(run.errors);
        CHECK(run.status == 0);
        CHECK(contains(run.errors, std::string(": 0 abandoned, ") + revived + "1 open at exit\n"));
        CHECK(contains(run_suite({"--fail-on", "exit"}, pytest(), variables).errors,
                       "gate failed: 1 open at exit; "));
    }
}

TEST_CASE("SQLAlchemy: the ROLLBACK of the pool's finaliser is no use, at exit and when a failed test goes") {
    Outcome kept = run_suite(gate, pytest(), {{"LEAK", "kept"}});
    CAPTURE(kept.output);
    CAPTURE(kept.errors);
    CHECK(kept.status == 1);
    CHECK(contains(kept.errors, "1 abandoned, 2 late\n"));
    CHECK(contains(kept.errors, "gate failed: 1 abandoned; exit status 1\n"));
    for (const Words& more : {Words{}, Words{"test_a.py"}, Words{"-n", "2"}}) {
        Outcome failed = run_suite(gate, pytest(more), {{"LEAK", "failed"}});
        CAPTURE(failed.output);
        CAPTURE(failed.errors);
        CHECK(failed.status == 1);
        CHECK(contains(failed.errors, "gate failed: 1 abandoned; exit status stays 1\n"));
    }
}

TEST_CASE("DBI, PDO: a transaction is late if its owner ends it, and abandoned if it is destroyed") {
    check_transaction({"/usr/bin/perl", "tests/fixtures/verdict/dbi.pl"}, {{"PQSWEEP_TAG", "a"}});
    check_transaction({"/usr/bin/php", "tests/fixtures/verdict/pdo.php"}, {{"PQSWEEP_TAG", "a"}});
}

TEST_CASE("ActiveRecord: a transaction is late if its owner ends it, and abandoned if it is destroyed") {
    if (outcome_of({"/usr/bin/ruby", "-e", "require 'active_record'"}).status != 0)
        SKIP("there is no ActiveRecord; in Debian it is ruby-activerecord");
    check_transaction({"/usr/bin/ruby", "tests/fixtures/verdict/active_record.rb"}, {});
}

TEST_CASE("a suite has the same verdict serially, in parallel, and in shards") {
    const std::string folder = "tests/fixtures/verdict/parallel/";
    auto suite = [&](const Words& more) {
        Words words{"/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    const Words parallel[] = {{folder}, {"-n", "4", folder}, {"-n", "4", "--dist", "loadfile", folder}};
    for (const Words& more : parallel) {
        Outcome correct = run_suite(gate, suite(more));
        CAPTURE(correct.output);
        CAPTURE(correct.errors);
        CHECK(correct.status == 0);
        CHECK(contains(correct.errors, ": 0 abandoned"));
    }
    Folder files("parallel");
    const std::string serial = files.path / "serial", baseline = files.path / "baseline";
    const Environment leaks{{"LEAK", "1"}};
    CHECK(run_suite({"--fail-on", "abandoned", "--journal", serial}, suite({folder}), leaks).status == 1);
    auto report = [](const Words& options) {
        Words words{build_directory() + "/pqsweep", "report"};
        words.insert(words.end(), options.begin(), options.end());
        return outcome_of(words);
    };
    CHECK(report({serial, "--write-baseline", baseline}).status == 0);
    for (const Words& more : parallel) {
        Outcome known = run_suite({"--baseline", baseline}, suite(more), leaks);
        CAPTURE(known.output);
        CAPTURE(known.errors);
        CHECK(known.status == 0);
        CHECK(contains(known.errors, " in the baseline, which do not fail the run\n"));
    }
    const std::string first = files.path / "first", second = files.path / "second";
    run_suite({"--journal", first}, suite({folder + "test_a.py", folder + "test_b.py"}), leaks);
    run_suite({"--journal", second}, suite({folder + "test_c.py", folder + "test_d.py"}), leaks);
    Outcome shards = report({first, second, "--baseline", baseline});
    CAPTURE(shards.output);
    CHECK(shards.status == 0);
}

TEST_CASE("what a program leaves open at its end has the program's name, if there is no tag") {
    Folder folder("programs");
    const std::string python = folder.path / "left.py", perl = folder.path / "left.pl",
                      php = folder.path / "left.php", ruby = folder.path / "left.rb";
    write_text(python, "import psycopg2\nkept = psycopg2.connect('')\npsycopg2.connect('').close()\n");
    write_text(perl, "use DBI; our $kept = DBI->connect('dbi:Pg:', '', '');\n"
                     "DBI->connect('dbi:Pg:', '', '')->disconnect;\n");
    write_text(php, "<?php $kept = new PDO('pgsql:'); $closed = new PDO('pgsql:'); $closed = null;\n");
    write_text(ruby, "require 'pg'\n$kept = PG.connect\n$kept.exec('begin')\nPG.connect.close\n");
    const std::pair<Words, std::string> programs[] = {
        {{"/usr/bin/python3", python}, "left.py:2: 1 connection of left.py, idle, open at exit\n"},
        {{"/usr/bin/perl", perl}, "  left.pl: 1 connection, idle, open at exit\n"},
        {{"/usr/bin/php", php}, "  left.php: 1 connection, idle, open at exit\n"},
        {{"/usr/bin/ruby", ruby}, "  left.rb: 1 connection, in transaction, open at exit\n"},
        {{"/bin/sh", "-c", "echo open c | " + build_directory() + "/programs/client"},
         "  client: 1 connection, idle, open at exit\n"}};
    for (const auto& one : programs) {
        const std::string& line = one.second;
        CAPTURE(line);
        Outcome gated = run_suite({"--fail-on", "exit"}, one.first);
        CAPTURE(gated.errors);
        CHECK(gated.status == 1);
        CHECK(contains(gated.errors, line));
        CHECK(contains(gated.errors, "pqsweep: gate failed: 1 open at exit; exit status 1\n"));
    }
    Outcome always = run_suite({"--report", "always"}, programs[1].first);
    CAPTURE(always.errors);
    CHECK(always.status == 0);
    CHECK(contains(always.errors, "  open at exit, by the test that opened them:\n  left.pl\n"));
    Outcome untagged = run_suite(gate, programs[1].first);
    CAPTURE(untagged.errors);
    CHECK(untagged.status == 0);
    CHECK(contains(untagged.errors, "pqsweep: no tag was set, so nothing could be abandoned: "));
    CHECK(contains(untagged.errors, "pqsweep: 2 connections, no stragglers, 1 open at exit\n"));
    CHECK(!contains(run_suite({"--max-open", "9"}, programs[1].first).errors, "no tag"));
}

TEST_CASE("an idle connection that a pool opened is called so, since its test has given it back") {
    Folder folder("pooled");
    write_text(folder.path / "test_pooled.py", "from sqlalchemy import create_engine\nkept = []\n\n"
                                               "def test_pooled():\n"
                                               "    kept.append(create_engine('postgresql://'))\n"
                                               "    with kept[0].connect():\n        pass\n");
    const Words suite{"/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", folder.path};
    Outcome run = run_suite(gate, suite);
    CAPTURE(run.errors);
    CHECK(contains(run.errors, "test_pooled.py::test_pooled (call), idle (a pool's), abandoned\n"));
}

TEST_SUITE_END();
