// pqsweep report sums up journals, of one run or of many.
#include "tools/report/report.hh"
#include "shim/base/settings.hh"
#include "tools/commands/command.hh"
#include "tools/commands/options.hh"
#include "tools/journal/symbols.hh"
#include "tools/text/terminal.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/ranges.h>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

struct Request {
    Assessment assessment;
    std::vector<std::string> files;
    bool json = false, github = false;
    std::string junit, html, markdown, gitlab, baseline;
    std::string fail_on = "abandoned", debug_files, links;
    GateOptions gate;
};

std::string write_file(const std::string& name, const std::string& text) {
    std::ofstream file(name);
    file << text;
    file.close();
    return file ? "" : fmt::format("{}: {}", name, strerror(errno));
}

// Writes the files that were asked for beside the report on standard output. Returns what went wrong, or nothing.
std::string write_files(const Request& request) {
    using Form = std::string (*)(const Assessment&);
    const std::pair<const std::string&, Form> files[] = {
        {request.junit, as_junit}, {request.markdown, as_markdown}, {request.gitlab, as_gitlab}};
    std::string wrong;
    for (const auto& [name, form] : files)
        if (wrong.empty() && !name.empty())
            wrong = write_file(name, form(request.assessment));
    if (wrong.empty() && !request.html.empty())
        wrong = write_file(request.html, as_html(request.assessment, request.links));
    if (wrong.empty() && !request.baseline.empty())
        wrong = Baseline::write(request.baseline, request.assessment.findings);
    return wrong;
}

bool have_same_content(const std::string& one, const std::string& other) {
    namespace fs = std::filesystem;
    if (!fs::is_regular_file(one) || !fs::is_regular_file(other) ||
        fs::file_size(one) != fs::file_size(other))
        return false;
    std::ifstream first(one), second(other);
    return std::equal(std::istreambuf_iterator(first), {}, std::istreambuf_iterator(second), {});
}

// Without those that are the same file as one before, or a copy of it: CI stores the journal of a shard twice, too.
std::vector<std::string> different(const std::vector<std::string>& files) {
    std::vector<std::string> all;
    for (const std::string& file : files) {
        auto is_same = [&](const std::string& other) {
            std::error_code error;
            return other == file || std::filesystem::equivalent(other, file, error) ||
                   have_same_content(other, file);
        };
        if (std::ranges::none_of(all, is_same))
            all.push_back(file);
    }
    return all;
}

int act(Request& request) {
    Settings settings{};
    for (const Setting& setting : all_settings())
        if (setting.variable == std::string_view("PQSWEEP_FAIL_ON") &&
            !setting.parse(request.fail_on, settings))
            return refuse("report", "--fail-on={}: expected {}", request.fail_on, setting.accepted);
    Assessment& a = request.assessment;
    request.gate.fail_on = settings.fail_on;
    if (std::string wrong = a.gate.load(request.gate); !wrong.empty())
        return refuse("report", "{}", wrong);
    for (const std::string& file : request.files)
        if (access(file.c_str(), R_OK) != 0)
            return refuse("report", "{}: {}", file, strerror(errno));
    if (!request.debug_files.empty())
        search_for_debug_files(request.debug_files);
    a.assess(different(request.files), "");
    for (const Problem& problem : a.problems.listed())
        fmt::print(stderr, "pqsweep report: {}\n", problem.text());
    if (a.problems.more())
        fmt::print(stderr, "pqsweep report: ... and {} more lines like these\n", a.problems.more());
    if (a.history.processes() == 0)
        return refuse("report", "no record of a journal in {}", fmt::join(request.files, ", "));
    if (std::string wrong = write_files(request); !wrong.empty())
        return refuse("report", "{}", wrong);
    fmt::print("{}", request.json     ? as_json(a)
                     : request.github ? as_github(a)
                                      : as_table(a, true, terminal_width(STDOUT_FILENO)));
    for (const std::string& note : a.gate.notes())
        fmt::print(stderr, "pqsweep report: {}\n", note);
    if (std::string verdict = a.gate.verdict(0); !verdict.empty())
        fmt::print(stderr, "pqsweep report: {}\n", verdict);
    return a.gate.has_failed() ? a.gate.exit_code() : exit_done;
}

} // namespace

std::function<int()> declare_report(CLI::App& app, const std::vector<std::string>&) {
    auto request = std::make_shared<Request>();
    app.add_option("FILE", request->files, "journals that --journal wrote; those of one run count together")
        ->required();
    auto* json = app.add_flag("--json", request->json, "JSON instead of the table");
    app.add_flag("--github", request->github, "annotations of a GitHub workflow instead of the table")
        ->excludes(json);
    app.add_option("--junit", request->junit, "also write a JUnit report: a test case for each tag")
        ->type_name("FILE");
    app.add_option("--html", request->html, "also write a page with a timeline")->type_name("FILE");
    app.add_option("--links", request->links,
                   "how the page links a line: an address with {file}, {line}, {root}, {revision}, or vscode "
                   "(default: as the variables of GitHub or GitLab say)")
        ->type_name("FORM");
    app.add_option("--markdown", request->markdown, "also write a table, for $GITHUB_STEP_SUMMARY")
        ->type_name("FILE");
    app.add_option("--gitlab", request->gitlab, "also write a code quality report, for GitLab")
        ->type_name("FILE");
    app.add_option("--write-baseline", request->baseline, "also write what --baseline then knows")
        ->type_name("FILE");
    app.add_option("--debug-files", request->debug_files,
                   "also look in this folder for debugging information: .build-id/ab/cdef.debug")
        ->type_name("FOLDER");
    app.add_option("--exit-code", request->gate.exit_code,
                   "exit status when the gate fails (default: 1 with a gate)")
        ->check(within(0, 255))
        ->type_name("STATUS")
        ->group(gate_group);
    auto* fail_on =
        app.add_option("--fail-on", request->fail_on,
                       "fail on any of abandoned, late, transaction, exit, inherited, blocked; separated by "
                       "commas (default: abandoned)")
            ->type_name("LIST")
            ->group(gate_group);
    add_gate_options(app, request->gate);
    app.footer("Exit status: 0, or what --exit-code says if the gate fails; 2 for wrong use, and if no "
               "record was found.\n"
               "Example: pqsweep report --html report.html shard-*.jsonl");
    return [request, fail_on] {
        request->gate.is_fail_on_given = fail_on->count() > 0;
        return act(*request);
    };
}

} // namespace pqsweep::tools
