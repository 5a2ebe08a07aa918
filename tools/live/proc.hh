// Asks the kernel about a process, in /proc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pqsweep::tools::proc {

// Returns when it started, as in /proc/<pid>/stat; 0 if there is no such process, or if it is a zombie.
uint64_t start_time(pid_t pid);

bool is_stopped(pid_t pid);

// Returns whether it maps the file whose path ends like this, shared and writable; nothing if the kernel does not let us
// know.
std::optional<bool> has_mapped(pid_t pid, const std::string& path_end);

// Returns a file that it has mapped whose path contains `part`; empty if there is none, or if the kernel does not let us know.
std::string mapped_file(pid_t pid, const std::string& part);

// Returns whether it has a handler for the signal.
bool catches(pid_t pid, int signal);
// Returns whether all its threads block the signal.
bool blocks(pid_t pid, int signal);

// Returns its command line, fit to print; empty if it is unknown.
std::string command_line(pid_t pid);
// Returns the file of its program; empty if the kernel does not let us know.
std::string program(pid_t pid);
// Returns the environment that it began with, as the kernel has it; empty if it is unknown.
std::string environment(pid_t pid);
// Returns the processes that it has started, and that live.
std::vector<pid_t> children(pid_t pid);

// Returns the memory of a server process on this machine, in bytes: its share (Pss) if the kernel lets us know that, else
// all that it has mapped (Rss). Returns -1 if `pid` is not a server process here.
int64_t backend_memory(pid_t pid);

// The inode of our own pid namespace.
uint64_t pid_namespace();

} // namespace pqsweep::tools::proc
