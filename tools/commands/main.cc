// The pqsweep command: parses the command line and calls the subcommand.
#include "tools/commands/command.hh"
#include "tools/commands/help.hh"
#include "tools/commands/options.hh"
#include "tools/text/nearest.hh"
#include "tools/text/utf8.hh"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pqsweep::tools {

namespace {

constexpr Subcommand commands[] = {
    {"run", "run a command under the shim", declare_run},
    {"report", "sum up journals: as a table, JSON, JUnit, annotations or a page", declare_report},
    {"ps", "list the processes under the shim", declare_ps},
    {"ls", "list the connections of these processes", declare_ls},
    {"blockers", "show who waits for whose locks", declare_blockers},
    {"tag", "change the tag of running processes", declare_tag},
    {"sweep", "sweep the current tag of running processes", declare_sweep},
    {"top", "watch the open connections, by tag", declare_top},
    {"doctor", "find out whether the shim intercepts a command's connections", declare_doctor},
    {"completion", "print a script by which a shell completes commands and options", declare_completion},
};

// Returns a message about the first word that names neither an option nor a command; empty if there is none.
std::string unknown_word(const CLI::App& app) {
    for (const CLI::App* sub : app.get_subcommands())
        for (const std::string& word : sub->remaining())
            if (word.starts_with("-"))
                return fmt::format("pqsweep {}: {}", sub->get_name(), unknown_option(*sub, word));
    std::vector<std::string> left = app.remaining();
    if (left.empty() || !app.get_subcommands().empty())
        return "";
    if (left[0].starts_with("-"))
        return "pqsweep: " + unknown_option(app, left[0]);
    std::vector<std::string_view> names;
    for (const Subcommand& command : commands)
        names.emplace_back(command.name);
    std::string hint = suggestion(left[0], names);
    return fmt::format("pqsweep: {}: no such command{}", printable(left[0]),
                       hint.empty() ? "; 'pqsweep --help' lists them" : hint);
}

// Returns what CLI11 says of a bad value, in our words: "--max-open=x: expected a number". The messages of within() begin with "=".
std::string about_value(std::string text) {
    constexpr std::string_view unreadable = "Could not convert: ", equals = " = ", name_ends = ": =";
    size_t at = text.find(equals);
    if (text.starts_with(unreadable) && at != text.npos)
        return fmt::format("{}={}: expected a number", text.substr(unreadable.size(), at - unreadable.size()),
                           text.substr(at + equals.size()));
    at = text.find(name_ends);
    return at == text.npos ? text : text.erase(at, name_ends.size() - 1);
}

// Returns what CLI11 found wrong, with the command, and its help.
std::string wrong_use(const CLI::App& app, const std::string& why) {
    std::vector<CLI::App*> subs = app.get_subcommands();
    std::string command = subs.empty() ? "pqsweep" : "pqsweep " + subs[0]->get_name();
    return fmt::format("{}: {}; see '{} --help'", command, printable(about_value(why)), command);
}

int main(int argc, char** argv) {
    CLI::App app("Closes the PostgreSQL connections that tests leave open, and names the tests.", "pqsweep");
    app.set_version_flag("--version", "pqsweep " PQSWEEP_VERSION);
    app.formatter(std::make_shared<Help>());
    app.footer("Exit status: 0; 1 if a command found nothing, or could not do it; 2 for wrong use. 'run' has "
               "that of the command. 'pqsweep COMMAND --help' has the options, and 'man pqsweep' has all.\n"
               "Example: pqsweep run -- pytest tests");
    app.require_subcommand(1);
    char** dashes = std::find_if(argv, argv + argc, [](const char* word) { return strcmp(word, "--") == 0; });
    const std::vector<std::string> rest(std::min(dashes + 1, argv + argc), argv + argc);
    std::function<int()> chosen;
    for (const Subcommand& command : commands) {
        CLI::App* sub = app.add_subcommand(command.name, command.summary);
        std::function<int()> act = command.declare(*sub, rest);
        sub->callback([&chosen, act] { chosen = act; });
    }
    try {
        app.parse(static_cast<int>(dashes - argv), argv);
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) // --help, --version
            return app.exit(e);
        std::string unknown = unknown_word(app);
        fmt::print(stderr, "{}\n", unknown.empty() ? wrong_use(app, e.what()) : unknown);
        return exit_wrong_use;
    }
    int status = chosen();
    if (fflush(stdout) == 0)
        return status;
    fmt::print(stderr, "pqsweep: standard output: {}\n", strerror(errno));
    return status ? status : exit_wrong_use;
}

} // namespace
} // namespace pqsweep::tools

int main(int argc, char** argv) {
    return pqsweep::tools::main(argc, argv);
}
