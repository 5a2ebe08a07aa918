// The summary that a process prints on stderr when it ends.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep::summary {

// As PQSWEEP_REPORT says. Lists the first 50 stragglers and counts the rest.
void print(Table& table);

// In a child process: what it did with its parent's connections, if it did anything. Not for
// PQSWEEP_REPORT=stragglers where there never was a tag: a program without one is told nothing.
void print_inherited(Table& parents);

} // namespace pqsweep::summary
