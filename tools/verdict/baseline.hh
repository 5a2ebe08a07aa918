// The culprits that a suite had when it adopted pqsweep. The suite keeps them in a JSON file.
//
// Tag, test, state, file and function identify a culprit. Lines, pids and times do not: they vary.
#pragma once

#include "tools/verdict/finding.hh"

#include <set>
#include <tuple>

namespace pqsweep::tools {

class Baseline {
public:
    // Returns what is wrong with the file, or nothing.
    std::string load(const std::string& file);
    bool has(const Finding& finding) const;

    // Writes all findings but the revived ones. Returns what went wrong, or nothing.
    static std::string write(const std::string& file, const std::vector<Finding>& findings);

private:
    using Identity =
        std::tuple<std::string, std::string, std::string, std::string>; // tag, test, state, place
    static Identity identity_of(const Finding& finding);
    std::set<Identity> known_;
};

} // namespace pqsweep::tools
