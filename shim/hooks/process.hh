// The life of the host process as pqsweep sees it: first connection, fork, end.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep::process {

// The table, made at the first call (settings, fork handler, tag). Null when pqsweep is disabled or can't
// work. For connect calls; everything else asks table::existing().
Table* table();

// The process is about to end with that status: prints the summary and takes leave of the servers. Answers
// the status to end with. Only the first call does something.
int end(int status);

} // namespace pqsweep::process
