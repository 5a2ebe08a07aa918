// Long waits: what a report says of the statements that waited for locks, and of the databases that could not be dropped.
#pragma once

#include "tools/journal/history.hh"

namespace pqsweep::tools {

// Returns the test, or the tag if the test is not known.
std::string waiter_of(const History& history, const LongWait& wait);
// "held by a connection opened by t.py::test_a, last used by t.py::test_b".
std::string holder_of(const History& history, const LongWait& wait);
// "t.py::test_c waited 10 s for AccessExclusiveLock on table cell, held by ...".
std::string sentence_of(const History& history, const LongWait& wait);

// Returns lines of any width, which can hold bytes that are not fit to print. `most`: so many waits at most.
std::vector<std::string> long_waits(const History& history, size_t most);

} // namespace pqsweep::tools
