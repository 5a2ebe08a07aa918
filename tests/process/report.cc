// Tests `pqsweep report` on journals that never change. `tests/fixtures/journals` has them and the reports.
#include "tests/support/files.hh"
#include "tests/support/outcome.hh"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <regex>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

const fs::path journals = "tests/fixtures/journals";

Outcome report(std::vector<std::string> arguments, const Environment& environment = {}) {
    arguments.insert(arguments.begin(), {build_directory() + "/pqsweep", "report"});
    return outcome_of(arguments, environment);
}

std::string workers() {
    return journals / "workers.jsonl";
}
std::string shard() {
    return journals / "shard.jsonl";
}

std::string record(int second, const std::string& event, const std::string& rest) {
    return "{\"v\":1,\"time\":" + std::to_string(1'800'000'000 + second) +
           ",\"process\":\"1\",\"pid\":1,\"event\":\"" + event + "\"" + rest + "}\n";
}

} // namespace

TEST_SUITE_BEGIN("process: report");

TEST_CASE("the table of two workers, one of which was killed") {
    Outcome got = report({workers()});
    CHECK(got.status == 0);
    CHECK(got.errors == "");
    CHECK(got.output == text_of(journals / "workers.txt"));
}

TEST_CASE("the table fits its terminal") {
    Program terminal({"/usr/bin/script", "-qec",
                      "stty cols 80; " + build_directory() + "/pqsweep report " + workers(), "/dev/null"},
                     {}, Program::Shim::absent);
    CHECK(terminal.finish() == 0);
    CHECK(contains(terminal.output(), "\n  tests...rders.py "));
    std::istringstream lines(terminal.output());
    for (std::string line; std::getline(lines, line, '\r');)
        CHECK(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }) <
              81); // with a newline
}

TEST_CASE("all forms, of two machines with the same pids and with clocks that differ") {
    Folder folder("report");
    Outcome json = report({"--json", workers(), shard(), "--junit", folder.path / "junit.xml", "--markdown",
                           folder.path / "summary.md", "--gitlab", folder.path / "gitlab.json"});
    CHECK(json.output == text_of(journals / "both.json"));
    CHECK(text_of(folder.path / "junit.xml") == text_of(journals / "both.xml"));
    CHECK(text_of(folder.path / "summary.md") == text_of(journals / "both.md"));
    CHECK(text_of(folder.path / "gitlab.json") == text_of(journals / "both.gitlab"));
    CHECK(report({"--github", shard(), workers()}).output == text_of(journals / "both.github"));
    Program lint({"/usr/bin/xmllint", "--noout", folder.path / "junit.xml"}, {}, Program::Shim::absent);
    CHECK(lint.finish() == 0);
}

TEST_CASE("JSON: every key is on the page that describes it") {
    std::string page = text_of("tools/report/report.md");
    std::function<void(const nlohmann::json&)> check = [&](const nlohmann::json& json) {
        for (const auto& [name, value] : json.items()) {
            if (json.is_object()) {
                const std::string& key = name;
                CAPTURE(key);
                CHECK(contains(page, "`" + key + "`"));
            }
            if (value.is_structured())
                check(value);
        }
    };
    check(nlohmann::json::parse(text_of(journals / "both.json")));
}

TEST_CASE("what can't be read is named with its line, and the rest is used") {
    Outcome got = report({journals / "damaged.jsonl"});
    CHECK(got.status == 0);
    CHECK(got.output == text_of(journals / "damaged.txt"));
    CHECK(got.errors == text_of(journals / "damaged.err"));
    CHECK(report({"/nonexistent/journal"}).status == 2);
    Folder folder("report");
    write_text(folder.path / "garbage", std::string(1000, '\n') + std::string(100'000, 'x') + "\n{}\n");
    CHECK(contains(report({folder.path / "garbage"}).errors, "garbage:1001: no JSON object\n"));
    write_text(folder.path / "empty", "");
    CHECK(report({folder.path / "empty"}).status == 2);
    CHECK(contains(report({folder.path / "garbage", folder.path / "empty"}).errors,
                   "no record of a journal in "));
}

TEST_CASE("a journal that is given twice counts once") {
    Folder folder("report");
    fs::create_symlink(fs::absolute(workers()), folder.path / "again");
    fs::copy_file(workers(), folder.path / "copy");
    CHECK(report({workers(), workers(), folder.path / "again", folder.path / "copy"}).output ==
          text_of(journals / "workers.txt"));
}

TEST_CASE("annotations name files from the repository's root") {
    Folder folder("report");
    write_text(
        folder.path / "journal",
        record(0, "open", R"(,"connection":1,"tag":"a","source":["/home/ci/shop/tests/a,b:c.py:7 make"])"));
    CHECK(report({"--github", folder.path / "journal"}, {{"GITHUB_WORKSPACE", "/home/ci/shop"}})
              .output.starts_with(
                  "::warning file=tests/a%2Cb%3Ac.py,line=7,title=pqsweep%3A connection left open::"));
}

TEST_CASE("an annotation has no control characters of a test's name") {
    Folder folder("control");
    std::string journal = folder.path / "journal", text = text_of(workers());
    for (size_t at = 0; (at = text.find("test_half_open", at)) != std::string::npos;)
        text.replace(at, 14, "test_\\u001b[31m\\r\\n:");
    write_text(journal, text);
    Outcome github = report({"--github", journal});
    CAPTURE(github.output);
    CHECK(contains(github.output, "::test_?[31m%0D%0A: (call)"));
}

TEST_CASE("CI sees an error if a gate fails, else a warning, and a place once") {
    Folder folder("report");
    std::string lines;
    for (const char* connection : {"1", "2"}) {
        lines +=
            record(0, "open",
                   std::string(",\"connection\":") + connection + R"(,"tag":"a","source":["db.py:16 make"])");
        lines += record(1, "sweep", std::string(",\"connection\":") + connection + R"(,"state":"idle")");
    }
    lines += record(2, "exit", ",\"status\":0,\"live\":0");
    std::string journal = folder.path / "journal", gitlab = folder.path / "gitlab.json";
    write_text(journal, lines);
    std::string annotation =
        " file=db.py,line=16,title=pqsweep%3A connection left open::db.py:16: 2 connections of a, idle, "
        "abandoned%0Adb.py:16 make\n";
    CHECK(report({"--github", "--gitlab", gitlab, journal}).output == "::warning" + annotation);
    CHECK(nlohmann::json::parse(text_of(gitlab))[0]["severity"] == "minor");
    CHECK(report({"--github", "--gitlab", gitlab, "--fail-on", "abandoned", journal}).output ==
          "::error" + annotation);
    CHECK(nlohmann::json::parse(text_of(gitlab)).size() == 1);
    CHECK(nlohmann::json::parse(text_of(gitlab))[0]["severity"] == "major");
    CHECK(report({"--github", "--exit-code", "0", "--fail-on", "abandoned", journal}).output ==
          "::warning" + annotation);
}

TEST_CASE("a suppression can have a comment behind it, and a # in its name") {
    Folder folder("report");
    std::string known = folder.path / "known";
    write_text(known, "tag:tests/test_ord*  # until the pool is gone\ntest:*#1 \n");
    Outcome got = report({workers(), "--suppressions", known});
    CHECK(got.errors == "pqsweep report: suppressed 5: tag:tests/test_ord*\n"
                        "pqsweep report: " +
                            known + ":2: test:*#1: suppresses nothing\n");
}

TEST_CASE("the gate: what fails it, what is put up with, and what was there before") {
    Folder folder("gate");
    std::string baseline = folder.path / "baseline.json", known = folder.path / "known";
    CHECK(report({workers(), "--fail-on", "abandoned"}).status == 1);
    CHECK(report({workers(), "--exit-code", "9"}).status == 9);
    CHECK(report({workers(), "--exit-code", "0", "--fail-on", "exit"}).status == 0);
    CHECK(report({workers(), "--max-open", "5"}).status == 0);
    CHECK(report({workers(), "--max-open", "5", "--fail-on", "abandoned"}).status == 1);

    write_text(
        known,
        "# put up with\ntag:tests/test_ord*\n\nfunction:session_with_*\ntest:*half_open*\ntag:nowhere\n");
    Outcome suppressed = report({workers(), "--exit-code", "9", "--suppressions", known});
    CHECK(suppressed.status == 0);
    CHECK(suppressed.errors == "pqsweep report: suppressed 5: tag:tests/test_ord*\n"
                               "pqsweep report: suppressed 1: function:session_with_*\n"
                               "pqsweep report: suppressed 1: test:*half_open*\n"
                               "pqsweep report: " +
                                   known + ":6: tag:nowhere: suppresses nothing\n");
    CHECK(!contains(suppressed.output, "session_with_everything"));
    Outcome too_many = report({workers(), "--max-open", "4", "--suppressions", known});
    CHECK(too_many.status == 1);
    CHECK(contains(
        too_many.errors,
        "gate failed: 5 open at once under tests/test_orders.py (--max-open 4), 5 open at once under "));
    CHECK(contains(too_many.errors, "; exit status 1\n"));
    CHECK(!contains(too_many.errors, "test_carts.py"));

    CHECK(report({workers(), "--write-baseline", baseline}).status == 0);
    CHECK(report({workers(), "--baseline", baseline}).status == 0);
    CHECK(report({workers(), shard(), "--baseline", baseline}).status == 1);
    // Other pids, times and lines, or more of them, do not make a new culprit.
    std::string journal = std::regex_replace(text_of(workers()), std::regex(R"(\.py:(\d+) )"), ".py:9$1 ");
    journal = std::regex_replace(journal, std::regex(R"("pid":)"), "\"pid\":7");
    journal = std::regex_replace(journal, std::regex(R"("time":17955)"), "\"time\":17999");
    write_text(folder.path / "later", journal);
    CHECK(report({folder.path / "later", workers(), "--baseline", baseline}).status == 0);
}

TEST_CASE("the gate: what the baseline lacks is NEW, and what nobody leaves open any more is named") {
    Folder folder("gate");
    std::string journal = folder.path / "journal", later = folder.path / "later",
                baseline = folder.path / "baseline.json";
    auto left = [](const std::string& connection, const std::string& test, const std::string& place) {
        return record(0, "open",
                      ",\"connection\":" + connection + R"(,"tag":"t.py","test":")" + test +
                          R"(","source":[")" + place + "\"]") +
               record(1, "sweep", ",\"connection\":" + connection + R"(,"state":"idle")");
    };
    std::string end = record(2, "exit", ",\"status\":0,\"live\":0");
    write_text(journal, left("1", "t.py::test_a[eur] (call)", "db.py:16 make") +
                            left("2", "t.py::test_a[eur] (setup)", "conftest.py:3 pool") +
                            left("3", "t.py::test_gone (call)", "db.py:16 make") + end);
    CHECK(report({journal, "--write-baseline", baseline}).status == 0);
    // Another parameter, a worker's group, and a fixture that another test sets up.
    std::string same = left("1", "t.py::test_a[a::b] @(]@group (call)", "db.py:99 make") +
                       left("2", "t.py::test_b (setup)", "conftest.py:3 pool");
    write_text(later, same + end);
    Outcome holds = report({later, "--baseline", baseline});
    CHECK(holds.status == 0);
    CHECK(holds.errors ==
          "pqsweep report: 2 in the baseline, which do not fail the run\npqsweep report: " + baseline +
              ": nobody leaves this open any more: t.py::test_gone (call) at db.py make\n");
    write_text(later, same + left("3", "t.py::test_b (call)", "db.py:16 make") + end);
    Outcome fails = report({later, "--baseline", baseline, "--github"});
    CHECK(fails.status == 1);
    CHECK(fails.output == "::error file=db.py,line=16,title=pqsweep%3A connection left open::db.py:16: 1 "
                          "connection of t.py::test_b (call), idle, abandoned; NEW%0Adb.py:16 make\n");
    CHECK(contains(report({later, "--baseline", baseline}).output, ": abandoned; NEW\n"));
}

TEST_CASE("the gate: bad values are refused before anything is read") {
    Folder folder("gate");
    write_text(folder.path / "bad", "tag:x\nmodule:y\n");
    for (const auto& [option, value, message] :
         {std::tuple("--fail-on", std::string("never"),
                     "expected any of abandoned, transaction, exit, unseen, inherited, blocked and late"),
          std::tuple("--exit-code", std::string("256"), ""), std::tuple("--max-open", std::string("-1"), ""),
          std::tuple("--suppressions", (folder.path / "bad").string(), "bad:2: module:y: expected tag:GLOB"),
          std::tuple("--baseline", (folder.path / "bad").string(), "bad: not a baseline"),
          std::tuple("--baseline", (folder.path / "none").string(), "--write-baseline")}) {
        Outcome got = report({workers(), option, value});
        CAPTURE(got.errors);
        CHECK(got.status == 2);
        CHECK(got.output == "");
        CHECK(contains(got.errors, message));
    }
}

TEST_CASE(
    "HTML: a page that needs nothing else, stays small for a thousand tags, and escapes what it is given") {
    Folder folder("html");
    std::string lines;
    for (int tag = 0; tag < 1000; tag++) {
        std::string name = "\"tests/<i>&" + std::to_string(tag) + ".py\"",
                    connection = ",\"connection\":" + std::to_string(tag + 1);
        lines += record(2 * tag, "tag", ",\"tag\":" + name + ",\"ended\":\"x\"");
        lines += record(2 * tag, "open", connection + ",\"tag\":" + name);
        lines += record(2 * tag + 1, "sweep", connection + ",\"state\":\"idle\"");
    }
    write_text(folder.path / "journal", lines);
    CHECK(report({folder.path / "journal", "--html", folder.path / "page.html"}).status == 0);
    std::string page = text_of(folder.path / "page.html");
    CHECK(page.size() < 1'000'000);
    CHECK(contains(page, "tests/&lt;i&gt;&amp;999.py"));
    for (const char* forbidden : {"<i>&", "<script src", "http:", "https:", "@import", "url(\"", "url(h"})
        CHECK(!contains(page, forbidden));
    for (const char* wanted :
         {"<svg", "class=\"without\"", "class=\"sweep\"", "<title>", "prefers-color-scheme: dark"})
        CHECK(contains(page, wanted));
}

TEST_CASE("HTML: what was run, a chain of linked lines, and names that break behind words only") {
    Folder folder("html");
    std::string journal = folder.path / "journal", page = folder.path / "page.html";
    std::string what =
        R"json(,"run":"1","command":"pytest tests","folder":"/ci/shop/api","root":"/ci/shop",)json"
        R"json("revision":"abc12","host":"ci-7","versions":"pqsweep 9")json";
    std::string opened =
        R"json(,"connection":1,"tag":"tests/test_users.py","test":"tests/test_users.py::test_a (call)",)json"
        R"json("source":["/ci/shop/db pool.py:16 make","/ci/shop/tests/test_users.py:8 test_a"])json";
    std::string swept = R"json(,"connection":1,"state":"idle","last_test":"tests/test_b.py::test_b")json";
    write_text(journal, record(0, "run", what) + record(0, "open", opened) + record(1, "sweep", swept) +
                            record(2, "exit", ",\"status\":0,\"live\":0"));
    auto page_with = [&](const std::string& form, const Environment& environment) {
        CHECK(report({journal, "--html", page, "--links", form}, environment).status == 0);
        return text_of(page);
    };
    const Environment no_ci{{"GITHUB_SERVER_URL", ""}, {"CI_PROJECT_URL", ""}};
    std::string linked = page_with("https://git.example/{revision}/{file}#L{line}", no_ci);
    for (const char* part :
         {"<a href=\"https://git.example/abc12/db%20pool.py#L16\">db pool.py:16</a> make",
          "<a href=\"https://git.example/abc12/tests/test_users.py#L8\">", "<code>pytest tests</code>",
          "<dd>/ci/shop/api</dd>", "ci-7", "pqsweep 9", "last used by tests/test_<wbr>b.py::test_<wbr>b"})
        CHECK(contains(linked, part));
    CHECK(contains(page_with("vscode", no_ci), "<a href=\"vscode://file/ci/shop/tests/test_users.py:8\">"));
    CHECK(!contains(page_with("", no_ci), "<a href=\"http"));
    CHECK(contains(
        page_with("", {{"GITHUB_SERVER_URL", "https://github.com"}, {"GITHUB_REPOSITORY", "me/shop"}}),
        "<a href=\"https://github.com/me/shop/blob/abc12/tests/test_users.py#L8\">"));
    CHECK(contains(report({"--github", journal}).output, "::warning file=tests/test_users.py,line=8,"));
}

// A test that left a connection, with the line that opened it.
std::string leak(const std::string& test, const std::string& line, const std::string& more = "") {
    static int number = 0;
    std::string connection = ",\"connection\":" + std::to_string(++number),
                named = ",\"tag\":\"" + test.substr(0, test.find("::")) + "\",\"test\":\"" + test + "\"";
    return record(number, "open", connection + named + ",\"source\":[\"" + line + "\"]" + more) +
           record(number, "sweep", connection + named + ",\"state\":\"idle\",\"age\":1");
}

TEST_CASE("a line outside the program's files is none to point at: the test's file is") {
    Folder folder("foreign");
    const std::string file = folder.path / "journal.jsonl", junit = folder.path / "junit.xml",
                      gitlab = folder.path / "gitlab.json",
                      driver = "/venv/lib/python3.11/site-packages/psycopg2/__init__.py:122 connect";
    write_text(file, leak("tests/test_a.py::test_one", driver) +
                         leak("tests/test_b.py::test_two", "/usr/lib/python3.11/threading.py:9 run") +
                         leak("test_c.py::test_three", "<string>:1 <module>") +
                         leak("shop.tests::OrderTest.test_four", driver));
    std::string annotations = report({"--github", "--junit", junit, "--gitlab", gitlab, file}).output;
    CAPTURE(annotations);
    for (std::string test :
         {"tests/test_a.py::test_one", "tests/test_b.py::test_two", "test_c.py::test_three"})
        CHECK(contains(annotations, "::warning file=" + test.substr(0, test.find("::")) +
                                        ",title=pqsweep%3A connection left open::" + test +
                                        ": 1 connection, idle"));
    CHECK(contains(annotations,
                   "::warning title=pqsweep%3A connection left open::shop.tests::OrderTest.test_four: "));
    CHECK(contains(text_of(junit), "name=\"tests/test_b.py\" file=\"tests/test_b.py\" time=\"0\">"));
    CHECK(contains(text_of(junit), "name=\"shop.tests\" time=\"0\">"));
    auto entries = nlohmann::json::parse(text_of(gitlab));
    REQUIRE(entries.size() == 3);
    for (const auto& entry : entries)
        CHECK(entry["description"].get<std::string>().starts_with(
            "pqsweep: " + entry["location"]["path"].get<std::string>() + "::test_"));
}

TEST_CASE("the line that made a pool is in all forms of the report") {
    Folder folder("pool");
    const std::string file = folder.path / "journal.jsonl", junit = folder.path / "junit.xml",
                      page = folder.path / "page.html", markdown = folder.path / "summary.md";
    write_text(file, leak("test_a.py::test_one", "test_a.py:5 test_one",
                          ",\"pool\":1,\"pool_line\":\"db.py:3 engine\""));
    const std::string chain = "test_a.py:5 test_one (pool: db.py:3 engine)";
    CHECK(contains(report({file, "--junit", junit, "--html", page, "--markdown", markdown}).output,
                   "      " + chain + "\n"));
    CHECK(contains(report({"--github", file}).output, "%0A" + chain + "\n"));
    CHECK(contains(text_of(junit), "    pool: db.py:3 engine\n"));
    CHECK(contains(text_of(page), "pool made at</span> db.py:3 engine</p>"));
    CHECK(contains(text_of(markdown), "(pool: db.py:3 engine)"));
    auto culprit = nlohmann::json::parse(report({"--json", file}).output)["culprits"][0];
    CHECK(culprit["pool"] == nlohmann::json({{"file", "db.py"}, {"line", 3}, {"function", "engine"}}));
}

TEST_CASE("HTML: the page of 1,000 tags is smaller than 1 MB") {
    Folder folder("big");
    const std::string file = folder.path / "journal.jsonl", page = folder.path / "page.html";
    std::string records;
    for (int i = 0; i < 1000; i++) {
        std::string path = "tests/integration/orders_and_carts/test_repository_" + std::to_string(i) + ".py";
        records += leak(path + "::TestRepository::test_number_of_orders[eur-2026] (call)",
                        "app/db/session_" + std::to_string(i) + ".py:12 make_session\",\"" + path +
                            ":12 test_number");
    }
    write_text(file, records);
    CHECK(report({"--html", page, "--links", "vscode", file}).status == 0);
    CHECK(text_of(page).size() < 1'000'000);
    CHECK(contains(text_of(page), "and 600 more places"));
}

TEST_SUITE_END();
