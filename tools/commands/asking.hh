// The part that `pqsweep tag` and `pqsweep sweep` share: they ask processes for something, and print the outcome.
#pragma once

#include "tools/live/request.hh"

#include <CLI/CLI.hpp>

namespace pqsweep::tools {

struct Asking {
    std::string command; // for messages
    std::vector<pid_t> pids;
    std::vector<std::string> rest; // behind a "--"; must be empty
    bool all = false;
    bool as_json = false;
    double patience = 1; // seconds
};

// Adds [PID...], --all, --wait and --json.
void add_asking_options(CLI::App& app, Asking& asking);

// Asks the processes that `asking` names, all at once. Returns the exit status.
int ask(const Asking& asking, Mailbox::Kind kind, std::string_view name);

} // namespace pqsweep::tools
