// The processes under the shim: this user's, on this machine, that have connected.
#pragma once

#include "tools/live/board.hh"

#include <CLI/CLI.hpp>

namespace pqsweep::tools {

class Process {
public:
    Process(int fd, std::string path, Board board);
    ~Process();
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;

    pid_t pid() const { return board_.identity.pid; }
    int fd() const { return fd_; } // its board, open for reading and writing
    const Board& board() const { return board_; }
    std::string command() const;

    // Whether it still is the program that made the board, and no other that took its place; nothing where that may
    // not be known.
    std::optional<bool> is_there() const;
    // Why it would not act on its signal, or "".
    std::string obstacle() const;

private:
    int fd_;
    std::string path_;
    Board board_;
};

// In the order of their pids. Removes the boards of dead processes; names on stderr those that can't be read.
std::vector<Process> find_processes();

// RTMIN+7, USR2, ...
std::string signal_name(int signal);

// Adds --json.
void add_json_option(CLI::App& app, bool& as_json);

// Those with that pid; all where there are none. TextPool on stderr each pid that is not there, for `command`.
std::vector<Process> find_processes(const std::vector<pid_t>& pids, std::string_view command);

} // namespace pqsweep::tools
