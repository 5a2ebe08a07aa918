// The summary that a process prints on stderr when it ends.
#pragma once

#include "table.hh"

namespace pqsweep::summary {

// At start-up: remembers what stderr is. A file that takes its place later is not written to.
void note_stderr();

// Whether something happened that PQSWEEP_FAIL_ON names.
bool is_failure(Table& table);

// As PQSWEEP_REPORT says. Lists the first 50 stragglers and counts the rest.
void print(Table& table);

} // namespace pqsweep::summary
