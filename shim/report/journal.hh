// The journal records what happens to connections, as JSON Lines. journal.md describes the records.
//
// Each record goes to the file that PQSWEEP_JOURNAL names, for the user, and to the one that PQSWEEP_RUN_JOURNAL names,
// for the summary of `pqsweep run`. A full disk or a missing folder of the user's file does not hurt the summary.
// A record is one write(2) to a file that is opened for this record alone. So the program can close descriptors as it
// likes, and a file that was rotated away is begun again. A record that can't be written is lost; the first loss
// prints a warning. Without either variable, nothing is written.
//
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep::journal {

// Call when a process makes its table, before any other function here.
void start();

void opened(const Table& table, const Connection& connection);

void closed(uint32_t connection, Close how);

void tag_changed(const Table& table, TextId ended);
void swept(const Table& table, const Straggler& straggler);
void revived(const Table& table, const Connection& connection, int64_t nanoseconds);
void refused(const Connection& connection);
// Call both when the process ends: exited() also records what is still open, used_inherited() what the process did with
// its parent's connections. `has_own_table`: this process has connected, too, so start() was called.
void exited(Table& table, int status);
void used_inherited(Table& parents, bool has_own_table);

} // namespace pqsweep::journal
