// The places in the program where connections were opened and left open. One place, a pool's factory for example, often
// serves many tests: their culprits are one place with many openers.
#pragma once

#include "tools/verdict/finding.hh"

#include <map>
#include <set>

namespace pqsweep::tools {

struct Place {
    std::string where; // "file:line"; the test or the tag if no line is known
    std::string chain; // "db.py:16 connect < repo.py:21 __init__ < tests/test_users.py:8"; empty: not known
    std::set<std::string> openers; // tests, or tags
    std::set<std::string_view> tags;
    std::map<Fate, uint64_t> fates;
    std::map<std::string_view, uint64_t> states;
    uint64_t count = 0;
    bool fails = false; // the gate
};

// Puts together the findings that are worth a line of a summary: those that fail the gate, and the stragglers that were
// not revived, without what is suppressed or in the baseline. Places that fail the gate come first, then the most frequent.
std::vector<Place> places_of(const std::vector<Finding>& findings);

// Returns up to three frames: the one that opened the connection, its caller, and the test's own. For example
// "db.py:16 connect < repo.py:21 __init__ < tests/test_users.py:8".
std::string chain_of(const Finding& finding);

} // namespace pqsweep::tools
