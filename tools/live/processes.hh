// Finds the processes under the shim that have connected: this user's, on this machine.
#pragma once

#include "tools/live/board.hh"

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

    // Returns whether it still runs the program that made the board (exec puts another in its place); nothing if the
    // kernel does not let us know.
    std::optional<bool> is_there() const;
    // Returns why it would not act on its signal, or nothing.
    std::string obstacle() const;

private:
    int fd_;
    std::string path_;
    Board board_;
};

// Whether boards and folders that can't be read are named on stderr.
enum class Complaints : uint8_t { printed, kept };

// Returns them in the order of their pids. Removes the boards of dead processes.
std::vector<Process> find_processes(Complaints complaints = Complaints::printed);

// Returns the file of a libpq that one of them has loaded; empty if none has, or if the kernel does not let us know.
std::string loaded_libpq(const std::vector<Process>& processes);

// RTMIN+7, USR2, ...
std::string signal_name(int signal);

// The processes with these pids; all if there is no pid. Names on stderr each pid that is not there, and says so if there
// is no process at all, for `command`.
std::vector<Process> find_processes(const std::vector<pid_t>& pids, std::string_view command);

} // namespace pqsweep::tools
