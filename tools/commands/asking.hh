// The part that `tag`, `sweep` and `top` share: they ask processes for something, and print the outcome.
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

// "4711: 3 swept (3 idle, 0 in transaction, 0 running)", or why the process has not acted.
std::string text_of(const Process& process, const Request::Answer& answer);

// Asks the processes that `asking` names, all at once. Returns the exit status.
int ask(const Asking& asking, Mailbox::Kind kind, std::string_view name);

} // namespace pqsweep::tools
