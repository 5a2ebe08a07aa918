// pqsweep run: turns options into the shim's variables, checks them, runs the command, and sums up what all of its
// processes did. Where there is nothing to sum up it becomes the command.
#include "shim/base/settings.hh"
#include "tools/commands/command.hh"
#include "tools/launch/adapters.hh"
#include "tools/launch/child.hh"
#include "tools/launch/preload.hh"
#include "tools/launch/run_journal.hh"
#include "tools/report/report.hh"

#include <cstdlib>
#include <fmt/core.h>
#include <random>

namespace pqsweep::tools {

namespace {

struct Option {
    const char* flags;
    const char* variable;
    const char* help;
};

constexpr Option options[] = {
    {"--tag", "PQSWEEP_TAG", "the tag to start with"},
    {"--scope", "PQSWEEP_SCOPE", "how much of a test id is the tag: package, module or test"},
    {"--keep", "PQSWEEP_KEEP", "connections never swept: field=glob,... (tag test app db user host state)"},
    {"--grace", "PQSWEEP_GRACE", "how many tag changes an idle connection may sit unused"},
    {"--signal", "PQSWEEP_SIGNAL", "the signal that reaches the process from outside, or none"},
    {"--journal", "PQSWEEP_JOURNAL", "append what happens to this file, as JSON Lines; %p is the process id"},
    {"--report", "PQSWEEP_REPORT", "summary at the end: never, stragglers or always"},
    {"--exit-code", "PQSWEEP_EXITCODE", "exit status to use instead of 0 when the gate fails; 0: never"},
    {"--fail-on", "PQSWEEP_FAIL_ON", "any of abandoned, transaction, exit; separated by commas"},
};

struct Flag {
    const char* name;
    const char* variable;
    const char* value;
    const char* help;
};

constexpr Flag flags[] = {
    {"--no-revive", "PQSWEEP_REVIVE", "0", "a swept connection stays closed"},
    {"--stacks", "PQSWEEP_STACKS", "1", "note the call stack, too, where connections are opened"},
    {"--no-stacks", "PQSWEEP_STACKS", "0", "do not note where connections are opened"},
    {"--appname", "PQSWEEP_APPNAME", "1", "the tag is the application_name of connections that have none"},
};

struct Request {
    std::map<std::string, std::string> variables; // what the options ask for
    std::map<std::string, std::string> named_by;  // variable -> the option that set it
    std::vector<std::string> command;
    Gate gate;
    bool no_adapters = false;
};

template<class... Args>
int refuse(fmt::format_string<Args...> format, Args&&... args) {
    fmt::print(stderr, "pqsweep run: {}\n", fmt::format(format, std::forward<Args>(args)...));
    return exit_wrong_use;
}

// The shim would only warn of a bad value and go on; whoever typed it just now can still mend it.
int check_settings(const Request& request, Settings& settings) {
    for (const Setting& setting : all_settings())
        setting.parse(setting.fallback, settings);
    for (const Setting& setting : all_settings()) {
        const char* value = getenv(setting.variable);
        if (!value || setting.parse(value, settings))
            continue;
        auto option = request.named_by.find(setting.variable);
        return refuse("{}={}: expected {}",
                      option == request.named_by.end() ? setting.variable : option->second, value,
                      setting.accepted);
    }
    return exit_done;
}

// What the processes would say and do at their end, is said and done here for all of them. Answers the run's name, which
// it may have from one that it is a part of.
std::string take_over(const std::string& journal) {
    setenv("PQSWEEP_JOURNAL", journal.c_str(), 1);
    setenv("PQSWEEP_REPORT", "never", 1);
    unsetenv("PQSWEEP_EXITCODE");
    const char* former = getenv("PQSWEEP_RUN");
    std::random_device random;
    std::string name = former && *former ? former : fmt::format("{:08x}{:08x}", random(), random());
    setenv("PQSWEEP_RUN", name.c_str(), 1);
    return name;
}

void print_summary(const Assessment& assessment, Report report) {
    if (assessment.history.processes() == 0)
        return;
    std::string out;
    for (const Problem& problem : assessment.problems.listed())
        out += fmt::format("pqsweep: {}\n", problem.text());
    bool is_worth_it = report == Report::always || (report == Report::stragglers &&
                                                    (has_news(assessment) || assessment.gate.has_failed()));
    if (is_worth_it)
        out += as_table(assessment, report == Report::always);
    for (const std::string& line : assessment.gate.lines())
        out += fmt::format("pqsweep: {}\n", line);
    fmt::print(stderr, "{}", out);
}

int supervise(Request& request, std::unique_ptr<RunJournal> journal, Report report) {
    std::string name = take_over(journal->name());
    Child child(request.command);
    Assessment assessment;
    assessment.gate = std::move(request.gate);
    assessment.assess(journal->files(), name);
    journal.reset(); // the signal that ended the command may end us, too
    print_summary(assessment, report);
    bool is_failure = assessment.gate.has_failed() && !child.has_failed();
    return is_failure ? assessment.gate.exit_code() : child.exit_status();
}

int act(Request& request) {
    if (request.command.empty())
        return refuse("no command given; for example: pqsweep run -- pytest tests");
    for (const auto& [variable, value] : request.variables)
        setenv(variable.c_str(), value.c_str(), 1);
    Settings settings{};
    if (int status = check_settings(request, settings))
        return status;
    std::optional<int> exit_code;
    if (getenv("PQSWEEP_EXITCODE"))
        exit_code = settings.exit_code;
    request.gate.set(exit_code, settings.fail_on, request.variables.contains("PQSWEEP_FAIL_ON"));
    if (std::string wrong = request.gate.load(); !wrong.empty())
        return refuse("{}", wrong);
    if (std::string why = preload_shim(); !why.empty())
        return refuse("{}", why);
    if (!settings.disabled && !request.no_adapters)
        bring_adapters();
    if (settings.disabled || (settings.report == Report::never && !request.gate.is_wanted()))
        return execute(request.command);
    Report report = settings.report;
    auto journal = std::make_unique<RunJournal>(std::string(settings.journal));
    if (journal->obstacle().empty())
        return supervise(request, std::move(journal), report);
    if (request.gate.has_options())
        return refuse("{}", journal->obstacle());
    fmt::print(stderr, "pqsweep run: {}: each process sums up for itself\n", journal->obstacle());
    return execute(request.command);
}

} // namespace

std::function<int()> declare_run(CLI::App& app, const std::vector<std::string>& rest) {
    auto request = std::make_shared<Request>();
    app.footer("Example: pqsweep run --fail-on transaction --exit-code 1 -- pytest tests");
    for (const Option& option : options)
        app.add_option_function<std::string>(
            option.flags,
            [request, option](const std::string& value) {
                request->variables[option.variable] = value;
                request->named_by[option.variable] = option.flags;
            },
            fmt::format("{} ({})", option.help, option.variable));
    for (const Flag& flag : flags)
        app.add_flag_callback(
            flag.name, [request, flag] { request->variables[flag.variable] = flag.value; },
            fmt::format("{} ({}={})", flag.help, flag.variable, flag.value));
    app.add_flag(
        "--no-adapters", request->no_adapters,
        "bring test runners no adapters: tags are what their own variables say, and there are no fixtures");
    request->gate.declare(app);
    app.prefix_command();
    return [request, &app, rest] {
        request->command = app.remaining();
        if (!request->command.empty() && request->command[0].starts_with("-"))
            return refuse("{}: no such option; 'pqsweep run --help' lists them", request->command[0]);
        request->command.insert(request->command.end(), rest.begin(), rest.end());
        return act(*request);
    };
}

} // namespace pqsweep::tools
