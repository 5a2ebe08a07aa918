// pqsweep run: turns options into the shim's variables, checks them, and becomes the command. Nothing of us
// stays between it and its terminal, its signals and its exit status.
#include "command.hh"
#include "preload.hh"
#include "settings.hh"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/core.h>
#include <unistd.h>

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
    {"--report", "PQSWEEP_REPORT", "summary at exit: never, stragglers or always"},
    {"--exit-code", "PQSWEEP_EXITCODE", "exit status to use instead of 0 when --fail-on happened"},
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
    {"--appname", "PQSWEEP_APPNAME", "1", "the tag is the application_name of connections that have none"},
};

struct Run {
    std::map<std::string, std::string> variables; // what the options ask for
    std::map<std::string, std::string> named_by;  // variable -> the option that set it
    std::vector<std::string> command;
};

template<class... Args>
int refuse(fmt::format_string<Args...> format, Args&&... args) {
    fmt::print(stderr, "pqsweep run: {}\n", fmt::format(format, std::forward<Args>(args)...));
    return exit_wrong_use;
}

// The shim would only warn of a bad value and go on; whoever typed it just now can still mend it.
int check_settings(const Run& run) {
    Settings parsed{};
    for (const Setting& setting : all_settings()) {
        const char* value = getenv(setting.variable);
        if (!value || setting.parse(value, parsed))
            continue;
        auto option = run.named_by.find(setting.variable);
        return refuse("{}={}: expected {}", option == run.named_by.end() ? setting.variable : option->second,
                      value, setting.accepted);
    }
    return exit_done;
}

int execute(const std::vector<std::string>& command) {
    std::vector<char*> argv;
    for (const std::string& word : command)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    int error = errno;
    fmt::print(stderr, "pqsweep run: {}: {}\n", command[0], strerror(error));
    return error == ENOENT ? 127 : 126; // as the shells do
}

int act(const Run& run) {
    if (run.command.empty())
        return refuse("no command given; for example: pqsweep run -- pytest tests");
    for (const auto& [variable, value] : run.variables)
        setenv(variable.c_str(), value.c_str(), 1);
    if (int status = check_settings(run))
        return status;
    if (std::string why = preload_shim(); !why.empty())
        return refuse("{}", why);
    return execute(run.command);
}

} // namespace

std::function<int()> declare_run(CLI::App& app, const std::vector<std::string>& rest) {
    auto run = std::make_shared<Run>();
    app.footer("Example: pqsweep run --fail-on transaction --exit-code 1 -- pytest tests");
    for (const Option& option : options)
        app.add_option_function<std::string>(
            option.flags,
            [run, option](const std::string& value) {
                run->variables[option.variable] = value;
                run->named_by[option.variable] = option.flags;
            },
            fmt::format("{} ({})", option.help, option.variable));
    for (const Flag& flag : flags)
        app.add_flag_callback(
            flag.name, [run, flag] { run->variables[flag.variable] = flag.value; },
            fmt::format("{} ({}={})", flag.help, flag.variable, flag.value));
    app.prefix_command();
    return [run, &app, rest] {
        run->command = app.remaining();
        if (!run->command.empty() && run->command[0].starts_with("-"))
            return refuse("{}: no such option; 'pqsweep run --help' lists them", run->command[0]);
        run->command.insert(run->command.end(), rest.begin(), rest.end());
        return act(*run);
    };
}

} // namespace pqsweep::tools
