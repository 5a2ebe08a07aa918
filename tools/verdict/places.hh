// The places in the program where connections were opened and left open. One place, a pool's factory for example, often
// serves many tests: their culprits are one place with many openers.
#pragma once

#include "tools/verdict/finding.hh"

#include <functional>
#include <map>
#include <set>

namespace pqsweep::tools {

using Namer = std::function<std::string(std::string_view full)>;

struct Place {
    std::string where; // "file:line"; the test or the tag if no line is known
    // Where a review points: the test's line or, if several lines of tests come here, the place. The file can be known
    // without the line; empty: neither is known.
    std::string file;
    int line = 0;
    // Up to three frames: the one that opened the connection, its caller, and the test's own. Empty: not known.
    std::vector<Frame> chain;
    Frame pool; // the line that made their pool; without a file: not known, or not the same for all
    std::set<std::string> openers;             // tests, or tags
    std::map<std::string_view, uint64_t> tags; // with the number of their connections
    std::set<std::string_view> users;          // the tests that used them last, if others than the openers
    std::map<Fate, uint64_t> fates;
    std::map<std::string_view, uint64_t> states; // in words
    std::vector<const Finding*> findings;
    uint64_t count = 0, count_new = 0;
    bool fails = false; // the gate

    // "54 connections of 8 modules, 4 idle, 50 in transaction, abandoned". `name`: returns what stands for a test or tag.
    std::string text(const Namer& name = [](std::string_view full) { return std::string(full); }) const;
    // "db.py:16 connect < repo.py:21 __init__ < tests/test_users.py:8 (pool: db.py:3 make_engine)".
    std::string chain_text() const;
    // The test that used them last, if it is another one than the opener, or "8 tests".
    std::string user(const Namer& name) const;
    // "8 modules", or the only test or tag.
    std::string opener() const;
    // "4 idle, 50 in transaction, abandoned; 2 NEW".
    std::string outcome() const;
};

// Which findings count, beside those that fail the gate: stragglers that were not revived; those open at exit, too; also the
// revived ones and those of the baseline. What is suppressed never counts.
enum class Extent : uint8_t { stragglers, unclosed, everything };

// Puts together the findings of each place. Places that fail the gate come first, then the most frequent.
std::vector<Place> places_of(const std::vector<Finding>& findings, Extent extent);

// Returns a finding's chain, as in Place: "db.py:16 connect < repo.py:21 __init__ < tests/test_users.py:8".
std::string chain_text(const Finding& finding);

// Returns the test's own line: the outermost one in the test's file or, if there is none, of all. Without a line, its file is
// that of the test, or nothing.
Frame tests_line(const Finding& finding);

} // namespace pqsweep::tools
