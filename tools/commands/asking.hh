// What `pqsweep tag` and `pqsweep sweep` have in common: to ask some processes for something, and tell what came of it.
#pragma once

#include "tools/live/request.hh"

namespace pqsweep::tools {

struct Asking {
    std::string command; // for messages
    std::vector<pid_t> pids;
    std::vector<std::string> rest; // behind a "--", where nothing belongs
    bool all = false;
    bool as_json = false;
    double patience = 1; // seconds
};

// Adds [PID...], --all, --wait and --json.
void add_asking_options(CLI::App& app, Asking& asking);

// Asks those it names, at once, and answers the exit status.
int ask(const Asking& asking, Mailbox::Kind kind, std::string_view name);

} // namespace pqsweep::tools
