// pqsweep run turns options into the shim's variables, checks them, runs the command, and sums up what the command's
// processes did. If neither a summary nor a gate nor a notice is wanted, it becomes the command.
#include "shim/base/settings.hh"
#include "tools/blockers/watch.hh"
#include "tools/commands/command.hh"
#include "tools/commands/options.hh"
#include "tools/launch/adapters.hh"
#include "tools/launch/child.hh"
#include "tools/launch/executable.hh"
#include "tools/launch/preload.hh"
#include "tools/launch/run_journal.hh"
#include "tools/launch/run_record.hh"
#include "tools/live/strays.hh"
#include "tools/report/report.hh"
#include "tools/report/summary.hh"
#include "tools/text/nearest.hh"
#include "tools/text/terminal.hh"
#include "tools/text/utf8.hh"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <iterator>
#include <random>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

constexpr auto tag_group = "Tags", sweep_group = "Sweeps", summary_group = "Journal and summary",
               lock_group = "Waits for locks";

struct Option {
    const char* group;
    const char* flags;
    const char* value;
    const char* variable;
    const char* help;
};

constexpr Option options[] = {
    {tag_group, "--tag", "TAG", "PQSWEEP_TAG", "the tag to start with"},
    {tag_group, "--scope", "SCOPE", "PQSWEEP_SCOPE",
     "how much of a test id is the tag: package, module or test"},
    {sweep_group, "--keep", "FIELD=GLOB,...", "PQSWEEP_KEEP",
     "connections never swept: field=glob,... (tag test function file app db user host state)"},
    {sweep_group, "--grace", "N|auto", "PQSWEEP_GRACE",
     "how many tag changes an idle connection can sit unused, or auto"},
    {sweep_group, "--settle", "MS", "PQSWEEP_SETTLE",
     "milliseconds that a tag change waits for other threads' connections"},
    {sweep_group, "--signal", "SIGNAL", "PQSWEEP_SIGNAL",
     "the signal that reaches the process from outside, or none"},
    {summary_group, "--journal", "FILE", "PQSWEEP_JOURNAL",
     "append what happens to this file, as JSON Lines; %p is the process id"},
    {summary_group, "--report", "WHEN", "PQSWEEP_REPORT", "summary at the end: never, stragglers or always"},
    {gate_group, "--fail-on", "LIST", "PQSWEEP_FAIL_ON",
     "fail on any of abandoned, late, transaction, exit, inherited, blocked, unseen; separated by commas"},
    {gate_group, "--exit-code", "N", "PQSWEEP_EXITCODE",
     "exit status to use instead of 0 when the gate fails"},
};

struct Flag {
    const char* group;
    const char* name;
    const char* variable;
    const char* value;
    const char* help;
};

constexpr Flag flags[] = {
    {sweep_group, "--no-revive", "PQSWEEP_REVIVE", "0", "a swept connection stays closed"},
    {summary_group, "--stacks", "PQSWEEP_STACKS", "1",
     "note the call stack, too, where connections are opened"},
    {summary_group, "--no-stacks", "PQSWEEP_STACKS", "0", "do not note where connections are opened"},
    {tag_group, "--appname", "PQSWEEP_APPNAME", "1",
     "the tag is the application_name of connections that have none"},
};

struct Request {
    std::map<std::string, std::string> variables; // what the options ask for
    std::map<std::string, std::string> named_by;  // variable -> the option that set it
    std::vector<std::string> command;
    GateOptions gate;
    bool allows_unseen = false, is_verbose = false, no_adapters = false;
    bool has_adapters = false;
    std::string version; // of pqsweep
    Watch::Options watch;
};

// The shim would only warn of a bad value and go on; the user who typed it just now can still mend it.
int check_settings(const Request& request, Settings& settings) {
    for (const Setting& setting : all_settings())
        setting.parse(setting.fallback, settings);
    for (const Setting& setting : all_settings()) {
        const char* value = getenv(setting.variable);
        if (!value || setting.parse(value, settings))
            continue;
        auto option = request.named_by.find(setting.variable);
        return refuse("run", "{}={}: expected {}",
                      option == request.named_by.end() ? setting.variable : option->second, value,
                      setting.accepted);
    }
    return exit_done;
}

void name_unknown_variables() {
    std::vector<std::string_view> known{"PQSWEEP_TAG",         "PQSWEEP_TEST",    "PQSWEEP_FIXTURE",
                                        "PQSWEEP_FIXTURE_END", "PQSWEEP_WITNESS", "PQSWEEP_PHP",
                                        "PQSWEEP_END"};
    for (const Setting& setting : all_settings())
        known.emplace_back(setting.variable);
    for (char** entry = environ; *entry; entry++) {
        std::string_view text(*entry);
        std::string_view name = text.substr(0, text.find('='));
        if (name.starts_with("PQSWEEP_") && std::ranges::find(known, name) == known.end())
            fmt::print(stderr, "pqsweep run: {}: no such variable{}\n", printable(name),
                       suggestion(name, known));
    }
}

// Sets up that we sum up and judge at the end, instead of each process.
void take_over(const std::string& journal) {
    setenv("PQSWEEP_RUN_JOURNAL", journal.c_str(), 1);
    setenv("PQSWEEP_REPORT", "never", 1);
    unsetenv("PQSWEEP_EXITCODE");
}

// Returns the run's name; a run inside another run has the outer run's name.
std::string name_run() {
    const char* former = getenv("PQSWEEP_RUN");
    std::random_device random;
    std::string name = former && *former ? former : fmt::format("{:08x}{:08x}", random(), random());
    setenv("PQSWEEP_RUN", name.c_str(), 1);
    return name;
}

// Returns whether the user's tag took the place of the tags that a test runner sets.
bool hides_tags(std::string_view tag, const History& history) {
    for (Strings::Id i = 1; i < history.tags().size(); i++)
        if (history.tag_names()[i] == tag && history.tags()[i].has_tests)
            return true;
    return false;
}

// Returns what there is to say of the run beside its connections.
std::vector<std::string> remarks_on(const Request& request, const Assessment& assessment,
                                    const Strays& strays) {
    std::vector<std::string> all;
    for (const Problem& problem : assessment.problems.listed())
        all.push_back(problem.text());
    std::ranges::copy(assessment.history.warnings(), std::back_inserter(all));
    if (strays.is_any())
        all.push_back(strays.line());
    bool has_connections = assessment.history.total().opened > 0;
    std::string left_out = adapter_left_out(request.command, assessment.history.tag_variables());
    if (request.has_adapters && has_connections && !left_out.empty())
        all.push_back(left_out);
    const char* tag = getenv("PQSWEEP_TAG");
    if (tag && hides_tags(tag, assessment.history))
        all.push_back(fmt::format("--tag {} hides the tags of the test runner; without it, what a module "
                                  "leaves open is swept when the module ends",
                                  tag));
    std::ranges::copy(assessment.gate.notes(), std::back_inserter(all));
    return all;
}

// Returns the name of the user's journal, or a pattern for the names of all of its files.
std::string users_journal() {
    const char* variable = getenv("PQSWEEP_JOURNAL");
    std::string name = variable ? variable : "";
    for (size_t at = 0; (at = name.find("%p", at)) != std::string::npos;)
        name.replace(at, 2, "*");
    return name;
}

void print_summary(const Request& request, const Assessment& assessment, const Strays& strays, Report report,
                   int command_status) {
    std::string out;
    auto width = terminal_width(STDERR_FILENO);
    std::vector<std::string> remarks = remarks_on(request, assessment, strays);
    if (report != Report::never && (request.is_verbose || report == Report::always)) {
        out += as_table(assessment, report == Report::always, width);
        for (const std::string& remark : remarks)
            out += fmt::format("pqsweep: {}\n", printable(remark));
    } else if (report == Report::stragglers) {
        out += as_summary(assessment, width, users_journal(), remarks);
    }
    if (std::string verdict = assessment.gate.verdict(command_status); !verdict.empty())
        out += fmt::format(
            fmt::runtime(has_colour(STDERR_FILENO) ? "\x1b[31mpqsweep: {}\x1b[m\n" : "pqsweep: {}\n"),
            verdict);
    fmt::print(stderr, "{}", out);
}

// Returns why the loader does not load the shim into the command, or nothing.
std::string obstacle_of(const std::string& command) {
    auto program = find_program(command);
    return program ? obstacle(interpreter_chain(*program).back()) : "";
}

// Runs the command, and watches meanwhile who waits for whom, and who runs without the shim.
Child watched_child(const Request& request, const std::string& run, const RunJournal& journal,
                    Strays& strays) {
    std::optional<Watch> watch;
    if (request.watch.is_wanted())
        watch.emplace(request.watch, run,
                      [&](const WaitEvent& event) { journal.append(record_of(event, run)); });
    if (watch && watch->socket().empty())
        fmt::print(stderr,
                   "pqsweep run: no private socket can be made: nothing reports who waits for whom\n");
    else if (watch)
        setenv("PQSWEEP_RUN_SOCKET", watch->socket().c_str(), 1);
    Companion companion{[&](auto& watched) {
                            if (watch)
                                watch->add_to(watched);
                        },
                        [&](pid_t child) {
                            if (watch)
                                watch->act();
                            strays.look(child);
                        }};
    return Child("run", request.command, &companion);
}

int supervise(Request& request, Gate gate, std::unique_ptr<RunJournal> journal, Report report) {
    std::string name = name_run();
    take_over(journal->name());
    journal->append(run_record(name, request.command, request.version));
    Strays strays(std::chrono::seconds(1));
    Child child = watched_child(request, name, *journal, strays);
    if (!child.obstacle().empty()) {
        fmt::print(stderr, "pqsweep run: {}\n", child.obstacle());
        return exit_cannot_start;
    }
    Assessment assessment;
    assessment.gate = std::move(gate);
    assessment.assess({journal->name()}, name);
    if (!request.allows_unseen && (assessment.gate.exit_code() || report != Report::never))
        assessment.gate.judge_unseen(assessment.history, obstacle_of(request.command[0]), strays.is_any());
    journal.reset(); // the signal that ended the command might end us, too
    print_summary(request, assessment, strays, report, child.shell_status());
    bool is_failure = assessment.gate.has_failed() && child.wait_status() == 0;
    return is_failure ? assessment.gate.exit_code() : child.exit_status();
}

int act(Request& request) {
    if (request.command.empty())
        return refuse("run", "no command given; for example: pqsweep run -- pytest tests");
    for (const auto& [variable, value] : request.variables)
        setenv(variable.c_str(), value.c_str(), 1);
    Settings settings{};
    if (int status = check_settings(request, settings))
        return status;
    name_unknown_variables();
    if (getenv("PQSWEEP_EXITCODE"))
        request.gate.exit_code = settings.exit_code;
    request.gate.fail_on = settings.fail_on;
    request.gate.is_fail_on_given = getenv("PQSWEEP_FAIL_ON") != nullptr;
    Gate gate;
    if (std::string wrong = gate.load(request.gate); !wrong.empty())
        return refuse("run", "{}", wrong);
    if (std::string why = preload_shim(); !why.empty())
        return refuse("run", "{}", why);
    request.has_adapters = !settings.disabled && !request.no_adapters;
    if (request.has_adapters)
        bring_adapters();
    if (std::string file(settings.journal); !file.empty() && !settings.disabled) {
        if (std::string wrong = open_journal(file); !wrong.empty())
            return refuse("run", "{}", wrong);
        setenv("PQSWEEP_JOURNAL", file.c_str(), 1);
    }
    bool has_work = settings.report != Report::never || gate.is_wanted() || request.watch.is_wanted();
    if (settings.disabled || !has_work)
        return execute("run", request.command);
    auto journal = std::make_unique<RunJournal>();
    if (!journal->obstacle().empty())
        return refuse("run", "{}", journal->obstacle());
    return supervise(request, std::move(gate), std::move(journal), settings.report);
}

// "PQSWEEP_SCOPE; default: module", or the variable alone if its default is empty.
std::string source_of(const Option& option) {
    if (std::string_view(option.flags) == "--exit-code") // a gate gives it a default of its own
        return fmt::format("{}; default: 1 with a gate", option.variable);
    for (const Setting& setting : all_settings())
        if (std::string_view(option.variable) == setting.variable && *setting.fallback)
            return fmt::format("{}; default: {}", option.variable, setting.fallback);
    return option.variable;
}

} // namespace

std::function<int()> declare_run(CLI::App& app, const std::vector<std::string>& rest) {
    auto request = std::make_shared<Request>();
    app.footer("Exit status: that of the command, or what --exit-code says if that is 0 and the gate fails; "
               "2 for wrong use, 126 or 127 if the command can't be run.\n"
               "Example: pqsweep run --fail-on transaction --exit-code 1 -- pytest tests");
    for (const Option& option : options) {
        app.add_option_function<std::string>(
               option.flags,
               [request, option](const std::string& value) {
                   request->variables[option.variable] = value;
                   request->named_by[option.variable] = option.flags;
               },
               fmt::format("{} ({})", option.help, source_of(option)))
            ->type_name(option.value)
            ->group(option.group);
    }
    for (const Flag& flag : flags) {
        app.add_flag_callback(
               flag.name, [request, flag] { request->variables[flag.variable] = flag.value; },
               fmt::format("{} ({}={})", flag.help, flag.variable, flag.value))
            ->group(flag.group);
    }
    app.add_flag(
           "--no-adapters", request->no_adapters,
           "bring test runners no adapters: tags are what their own variables say, and there are no fixtures")
        ->group(tag_group);
    app.add_option("--notice", request->watch.notice,
                   "print who waits for whom when a statement has waited so many seconds for a lock "
                   "(default: 10); 0: never")
        ->check(within(0.0, 1e6))
        ->type_name("SECONDS")
        ->group(lock_group);
    app.add_option("--unblock", request->watch.unblock,
                   "end idle connections of the run whose locks a statement has waited for so many seconds")
        ->check(within(0.0, 1e6))
        ->type_name("SECONDS")
        ->group(lock_group);
    add_gate_options(app, request->gate);
    app.add_flag(
           "--allow-unseen", request->allows_unseen,
           "let a gate pass, and note nothing, if the shim saw no connection in the whole run, or not all")
        ->group(gate_group);
    app.add_flag("--verbose", request->is_verbose,
                 "print the whole table at the end: every tag, every culprit")
        ->group(summary_group);
    app.prefix_command();
    return [request, &app, rest] {
        request->version = app.get_parent()->version();
        request->command = app.remaining();
        if (!request->command.empty() && request->command[0].starts_with("-"))
            return refuse("run", "{}", unknown_option(app, request->command[0]));
        request->command.insert(request->command.end(), rest.begin(), rest.end());
        return act(*request);
    };
}

} // namespace pqsweep::tools
