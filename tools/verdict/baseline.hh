// The culprits that a suite had when it adopted pqsweep: a JSON file that is meant to be kept with the suite.
//
// A culprit is known by its tag, test, state, and the file and function that opened it; not by lines, pids or times.
#pragma once

#include "tools/verdict/finding.hh"

#include <set>
#include <tuple>

namespace pqsweep::tools {

class Baseline {
public:
    // Answers what is wrong with the file, or nothing.
    std::string load(const std::string& file);
    bool has(const Finding& finding) const;

    // All but those that were revived. Answers what went wrong, or nothing.
    static std::string write(const std::string& file, const std::vector<Finding>& findings);

private:
    using Identity =
        std::tuple<std::string, std::string, std::string, std::string>; // tag, test, state, place
    static Identity identity_of(const Finding& finding);
    std::set<Identity> known_;
};

} // namespace pqsweep::tools
