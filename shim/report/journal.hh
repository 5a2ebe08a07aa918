// The journal: what happens to connections, appended to the file that PQSWEEP_JOURNAL names, as JSON Lines.
// journal.md tells what a record has in it.
//
// Async-signal-safe; keeps errno. One write(2) a record, to a file that is opened for it alone: the program may close
// descriptors as it likes, and a log that was rotated away is begun again. What can't be written is lost, with one
// warning. Does nothing where no journal is asked for.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep::journal {

// When a process makes its table, before anything else here.
void start();

void opened(const Table& table, const Connection& connection);

void closed(uint32_t connection, Close how);

void tag_changed(const Table& table, TextId ended);
void swept(const Table& table, const Straggler& straggler);
void revived(const Table& table, const Connection& connection, int64_t nanoseconds);
void refused(const Connection& connection);
// When the process ends: also what is still open, and what it did with its parent's connections. One that made none of
// its own has only the latter to tell.
void exited(Table& table, int status);
void used_inherited(Table& parents, bool has_own_table);

} // namespace pqsweep::journal
