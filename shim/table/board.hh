// The board: the file in which the tools see a process's table, also when the process hangs.
//
// The parts of the table that the tools need are mappings of this file, at the same offsets; the rest of the file is
// empty (table.hh draws it). Its size is the table's, and says how often that was halved. The file is
// ${XDG_RUNTIME_DIR:-/tmp}/pqsweep-<uid>/<pid>, readable by its user alone. It gets that name when it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/types.h>

namespace pqsweep {

struct Table;

namespace board {

constexpr char magic[8] = {'p', 'q', 's', 'w', 'e', 'e', 'p', '\n'};
constexpr uint32_t layout = 11; // of the whole table: changes with any part that is on the board
constexpr char directory_prefix[] = "pqsweep-";

// What a board begins with. Its members keep their places in all layouts.
struct Identity {
    char magic[8];
    uint32_t layout;
    int32_t pid;
    uint64_t size;          // of the table
    uint64_t start_time;    // of the process, as in /proc/<pid>/stat
    uint64_t pid_namespace; // that `pid` is meant in: the inode of /proc/self/ns/pid
    char program[256];      // the file of the program, cut if it is longer
};

// Moves what the tools need of a fresh table onto a new board, with its contents. If that fails, warns on stderr (once),
// and the table works without a board.
void share(Table& table);

// Removes the file, because the process ends.
void remove();

// Makes the table a copy that only this process sees. Returns false if there is no memory for one; then nothing may touch the table
// any more. Async-signal-safe.
bool unshare(Table& table);

} // namespace board
} // namespace pqsweep
