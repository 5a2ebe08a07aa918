// The places in the program where connections were opened and left open. One place, a pool's factory for example, often
// serves many tests: their culprits are one place with many openers.
#pragma once

#include "tools/verdict/finding.hh"

#include <map>
#include <set>

namespace pqsweep::tools {

struct Place {
    std::string where; // "file:line"; the test or the tag if no line is known
    std::string file;  // of the line or, if that is unknown, of the test; empty: neither is known
    int line = 0;      // 0: not known
    std::string chain; // "db.py:16 connect < repo.py:21 __init__ < tests/test_users.py:8"; empty: not known
    std::set<std::string> openers; // tests, or tags
    std::set<std::string_view> tags;
    std::map<Fate, uint64_t> fates;
    std::map<std::string_view, uint64_t> states;
    uint64_t count = 0, count_new = 0;
    bool fails = false; // the gate

    // "54 connections of 8 modules, 4 idle, 50 in transaction, abandoned".
    std::string text() const;
    // "8 modules", or the only test or tag.
    std::string opener() const;
    // "4 idle, 50 in transaction, abandoned; 2 NEW".
    std::string outcome() const;
};

// Puts together the findings that fail the gate and the stragglers that were not revived, without what is suppressed or in
// the baseline. `everything`: also those open at exit. Places that fail the gate come first, then the most frequent.
std::vector<Place> places_of(const std::vector<Finding>& findings, bool everything = false);

// Returns up to three frames: the one that opened the connection, its caller, and the test's own. For example
// "db.py:16 connect < repo.py:21 __init__ < tests/test_users.py:8".
std::string chain_of(const Finding& finding);

} // namespace pqsweep::tools
