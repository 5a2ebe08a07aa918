// The README's snippets for CI do what they say, in a suite that leaves a transaction open.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>
#include <regex>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

std::string snippet(const std::string& name) {
    std::smatch found;
    std::string readme = text_of("README.md");
    REQUIRE(std::regex_search(readme, found, std::regex("<!-- ci: " + name + " -->\n```yaml\n([^`]*)```")));
    return found[1];
}

std::vector<std::string> all(const std::string& text, const std::string& pattern) {
    std::regex regex(pattern);
    std::vector<std::string> found;
    for (std::sregex_iterator one(text.begin(), text.end(), regex), end; one != end; ++one)
        found.push_back((*one)[1]);
    return found;
}

} // namespace

TEST_SUITE_BEGIN("process: snippets");

TEST_CASE("each command of a CI snippet runs, and leaves the files that the snippet keeps") {
    if (!fs::exists("/usr/bin/pytest"))
        SKIP("there is no pytest; in Debian it is python3-pytest");
    for (const char* name : {"github", "gitlab"}) {
        CAPTURE(name);
        std::string text = snippet(name);
        Folder folder("snippets");
        fs::create_directory(folder.path / "tests");
        for (const char* module : {"test_leaves.py", "test_users.py"})
            fs::copy_file(fs::path("tests/fixtures/suites/killed") / module, folder.path / "tests" / module);

        std::string summary = folder.path / "summary.md";
        std::vector<std::string> commands = all(text, "(pqsweep (?:run|report) .*)\n");
        CHECK(commands.size() == 2);
        for (const std::string& command : commands) {
            CAPTURE(command);
            Program shell({"/bin/sh", "-c", "cd " + folder.path.string() + " && " + command},
                          {{"PATH", build_directory() + ":/usr/bin:/bin"},
                           {"PYTHONDONTWRITEBYTECODE", "1"},
                           {"GITHUB_STEP_SUMMARY", summary}},
                          Program::Shim::absent);
            int status = shell.finish();
            CAPTURE(shell.errors());
            CHECK(status == (contains(command, "--fail-on") ? 1 : 0));
            CHECK(contains(shell.output() + shell.errors(), "test_leaves.py"));
        }
        for (const std::string& file : all(text, "(pqsweep\\.(?:jsonl|json|html|xml))"))
            CHECK(fs::file_size(folder.path / file) > 0);
        if (contains(text, "$GITHUB_STEP_SUMMARY"))
            CHECK(contains(text_of(summary), "| tests/test\\_leaves.py:"));
    }
}

TEST_SUITE_END();
