// Notice: a tree of waits in words, for a terminal of 80 columns: at most 60 lines, each with its newline.
#pragma once

#include "tools/blockers/parties.hh"
#include "tools/blockers/tree.hh"

namespace pqsweep::tools {

// Begins with "pqsweep: ", the name of who waits longest, and how long.
std::string notice(const Tree& tree, const Waits& waits, const Parties& parties);

// If the server can't be asked: a connection that has not moved on for so long, and why nothing more is known; and one that it may
// wait for.
std::string unasked_notice(const Party& waiter, double waited, const Waits& waits);
std::string unasked_holder(const Party& holder, double stands_still);

// The waiter of a wait: its test or tag, else the program, else the server process.
std::string name_of_waiter(const Wait& wait, const Waits& waits, const Parties& parties);

// "10 s", "4 min".
std::string duration(double seconds);

} // namespace pqsweep::tools
