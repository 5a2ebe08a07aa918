// A command of the pqsweep tool. main.cc has the table of them; each has a file of its own.
#pragma once

#include <CLI/CLI.hpp>

namespace pqsweep::tools {

// The exit statuses of every command.
constexpr int exit_done = 0;
constexpr int exit_nothing = 1;
constexpr int exit_wrong_use = 2;

struct Subcommand {
    const char* name;
    const char* summary;
    // Declares the options and answers what to run after they are parsed, which answers the exit status.
    // `rest` is what stands behind a "--", no option of ours.
    std::function<int()> (*declare)(CLI::App& app, const std::vector<std::string>& rest);
};

std::function<int()> declare_run(CLI::App& app, const std::vector<std::string>& rest);
std::function<int()> declare_report(CLI::App& app, const std::vector<std::string>& rest);
std::function<int()> declare_ps(CLI::App& app, const std::vector<std::string>& rest);
std::function<int()> declare_ls(CLI::App& app, const std::vector<std::string>& rest);
std::function<int()> declare_blockers(CLI::App& app, const std::vector<std::string>& rest);
std::function<int()> declare_tag(CLI::App& app, const std::vector<std::string>& rest);
std::function<int()> declare_sweep(CLI::App& app, const std::vector<std::string>& rest);
std::function<int()> declare_top(CLI::App& app, const std::vector<std::string>& rest);
std::function<int()> declare_doctor(CLI::App& app, const std::vector<std::string>& rest);

} // namespace pqsweep::tools
