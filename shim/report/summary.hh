// The summary: what a process prints on stderr about its connections when it ends.
//
// Context: the thread that ends the process. errno: kept. Locks: none.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep::summary {

// Prints what PQSWEEP_REPORT asks for. Lists the first 50 stragglers and counts the rest.
void print(Table& table);

// Prints what this child process did with its parent's connections. Prints nothing if PQSWEEP_REPORT is `stragglers` and no
// tag was ever set.
void print_inherited(Table& parents);

} // namespace pqsweep::summary
