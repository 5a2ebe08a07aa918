// What the kernel tells of a process, in /proc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace pqsweep::tools::proc {

// When it started, as in /proc/<pid>/stat; 0 where there is no such process, or it is dead and only not yet waited for.
uint64_t start_time(pid_t pid);

bool is_stopped(pid_t pid);

// Whether it has that file mapped, shared: told by the end of its path. Nothing where that may not be known.
std::optional<bool> has_mapped(pid_t pid, const std::string& path_end);

// Whether it has a handler for the signal.
bool catches(pid_t pid, int signal);
// Whether all its threads block it.
bool blocks(pid_t pid, int signal);

// Its command line, fit to be printed; "" where there is none to be had.
std::string command_line(pid_t pid);

// Memory of a server process on this machine, in bytes: its share of what it has (Pss) where we may know that, else all
// that it has a part in (Rss). -1 where `pid` is no server process here.
int64_t backend_memory(pid_t pid);

// The inode of our own pid namespace.
uint64_t pid_namespace();

} // namespace pqsweep::tools::proc
