// Follows the life of the host process: its start, its first connection, its forks and its end.
//
// At the start, a constructor registers the exit handler, finds libc's functions and remembers what stderr is. Nothing else
// is done before the first connect call, which loads the settings and makes the table. A child of a fork begins afresh, in the same way:
// what is true of one process stands in its process page.
//
// An exit handler that a preloaded library's constructor registers runs after the program's own and after all
// destructors. on_exit() passes it the status. exit() called from there changes the status and still flushes.
//
// Context: any thread. errno: kept.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep::process {

// Connect calls begin with this, and what a process does about connections of its parent's. The first call in a process registers the fork
// handlers, before there is anything that a fork could leave half done. The first one in a child forgets what is the parent's.
void begin();

// The child of a process that had begun begins, too. Any other process goes on as it is.
void begin_if_forked();

// Calls that can be about a connection of the parent's begin with this.
inline void begin_in_child() {
    if (!table::existing()) // a process with a table has begun
        begin_if_forked();
}

// Returns the table, and makes it at the first call, with the settings and the tag. Returns null if
// pqsweep is disabled or there is no memory. Connect calls use this; everything else uses table::existing().
Table* table();

// Ends pqsweep's work, because the process is about to end with `status`: prints the summary and terminates the sessions.
// Returns the status to end with. Only the first call does something.
int end(int status);

} // namespace pqsweep::process
