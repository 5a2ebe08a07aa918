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

// Call when a process makes its table, before any other function here but inherited(). Does nothing the second time.
void start();

void opened(const Table& table, const Connection& connection);

void closed(uint32_t connection, Close how);

// `variable`: that the new tag comes from; empty: from none.
void tag_changed(const Table& table, TextId ended, std::string_view variable);
void swept(const Table& table, const Straggler& straggler);
void revived(const Table& table, const Connection& connection, int64_t nanoseconds);
void refused(const Connection& connection);
// The owner of a swept connection has rolled back, `late` or `dropped`.
void rolled_back(const Connection& connection, Close how);
// The server reported that `database` is being accessed by other users.
void in_use(std::string_view database);
// The server had no slot left for a connection of the current test.
void no_slot(const Table& table, TextId test);
// The process is about to do that (of InChild) with a connection of its parent's for the first time.
void inherited(const Table& parents, const Connection& connection, uint8_t did);
// The program ends, and the connection is still open; perhaps the interpreter is just destroying it. Or all that are open are.
void left(const Table& table, const Connection& connection);
void left(Table& table);
// Nobody reads on descriptor 2 what the shim has to say.
void warned(std::string_view text);
// Call when the process ends.
void exited(const Table& table, int status);

} // namespace pqsweep::journal
