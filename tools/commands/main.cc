// The pqsweep command: parses the command line and calls the subcommand.
#include "tools/commands/command.hh"

#include <algorithm>
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
};

int main(int argc, char** argv) {
    CLI::App app(
        "Force-closes the PostgreSQL connections that a test module leaves open, and names who did it.",
        "pqsweep");
    app.set_version_flag("--version", "pqsweep " PQSWEEP_VERSION);
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
        return app.exit(e) == 0 ? exit_done : exit_wrong_use;
    }
    return chosen();
}

} // namespace
} // namespace pqsweep::tools

int main(int argc, char** argv) {
    return pqsweep::tools::main(argc, argv);
}
