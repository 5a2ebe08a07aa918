// Verdict: whether a connection that others wait for is to be ended.
#pragma once

#include "tools/blockers/tree.hh"

namespace pqsweep::tools {

// Returns whether the session has been idle for `patience` seconds without a break, so that nobody would go on with it: in a
// transaction, or with the advisory lock that `wait` is for. `stands_still`: seconds that its program has not touched the connection, which decides
// over a COPY and over rows that nobody fetches.
bool is_forgotten(const Session& holder, const Wait& wait, double stands_still, double patience);

} // namespace pqsweep::tools
