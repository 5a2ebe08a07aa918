// A command that runs while pqsweep waits for it.
#pragma once

#include <chrono>
#include <functional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace pqsweep::tools {

// Becomes the command. Returns only if that fails: prints why, for `subcommand`, and returns the exit status that shells
// have then.
int execute(std::string_view subcommand, const std::vector<std::string>& command);

// What is to be done while the command runs.
struct Companion {
    std::function<void(std::vector<pollfd>&)> add_to; // adds the descriptors that it reads from
    std::function<void(pid_t child)> act; // called when one of them is readable, and once in an interval
    std::chrono::milliseconds interval{250};
};

class Child {
public:
    // Runs the command to its end, in our process group and on our terminal. Passes on the signals that another process
    // sends to us; the terminal's signals reach the command by themselves. Stops and continues with the command.
    // None of these signals ends us until this object's process ends, so what comes after the command is always done.
    explicit Child(std::string_view subcommand, const std::vector<std::string>& command,
                   const Companion* companion = nullptr);

    // Why the command was not started, or nothing.
    const std::string& obstacle() const { return obstacle_; }
    int wait_status() const { return wait_status_; }
    // The command's exit status, as shells have it.
    int shell_status() const;
    // The same. If a signal ended the command, the same signal ends us now.
    int exit_status() const;

private:
    bool has_ended(int signals, pid_t child);

    int wait_status_ = 0;
    std::string obstacle_;
};

} // namespace pqsweep::tools
