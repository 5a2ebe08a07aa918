// The subcommands of pqsweep. main.cc has their table; each has a file.
#pragma once

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace pqsweep::tools {

// The exit statuses of all subcommands.
constexpr int exit_done = 0;
constexpr int exit_nothing = 1;
constexpr int exit_wrong_use = 2;
// Of `run` alone, as shells have it.
constexpr int exit_cannot_start = 126;

// Prints why a command does not do what it was asked, and returns the exit status for that.
template<class... Args>
int refuse(std::string_view subcommand, fmt::format_string<Args...> format, Args&&... args) {
    fmt::print(stderr, "pqsweep {}: {}\n", subcommand, fmt::format(format, std::forward<Args>(args)...));
    return exit_wrong_use;
}

struct Subcommand {
    const char* name;
    const char* summary;
    // Declares the options. Returns the function to call when they are parsed; that returns the exit status.
    // `rest` stands behind a "--": none of it is an option.
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
std::function<int()> declare_completion(CLI::App& app, const std::vector<std::string>& rest);

} // namespace pqsweep::tools
