// Untagged: the connections that were opened while no tag was set, as at import. pqsweep never closes them, so they hold their slots.
#pragma once

#include "tools/journal/history.hh"

#include <string>
#include <vector>

namespace pqsweep::tools {

// Returns lines for a terminal, which name at most so many places. Unless `always` asks for them, there are none as long as the server
// had a slot for each connection.
std::vector<std::string> untagged(const History& history, size_t most, bool always);

} // namespace pqsweep::tools
