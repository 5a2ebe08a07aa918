// The culprits that a suite had when it adopted pqsweep. The suite keeps them in a JSON file.
//
// Tag, test, state, file and function identify a culprit. What varies between two runs of one suite does not: lines, pids
// and times; parameters in brackets and a worker's group; the test that happens to set up a fixture.
#pragma once

#include "tools/verdict/finding.hh"

#include <set>
#include <string>
#include <tuple>

namespace pqsweep::tools {

class Baseline {
public:
    // Returns what is wrong with the file, or nothing.
    std::string load(const std::string& file);
    // Returns whether the finding is in the file, and notes that it is still there.
    bool match(const Finding& finding);
    // Returns a line for each culprit of the file that was not matched although the history has its tag.
    std::vector<std::string> stale(const History& history) const;

    // Writes all findings. Revived ones, too: in another order nobody might use them again. Returns what went wrong, or
    // nothing.
    static std::string write(const std::string& file, const std::vector<Finding>& findings);

private:
    struct Identity {
        std::string tag, test, state, place;
        bool operator<(const Identity& other) const {
            return std::tie(tag, test, state, place) <
                   std::tie(other.tag, other.test, other.state, other.place);
        }
    };
    static Identity identity_of(std::string_view tag, std::string_view test, std::string_view state,
                                std::string_view place);
    static Identity identity_of(const Finding& finding);

    std::string file_;
    std::set<Identity> known_, matched_;
};

} // namespace pqsweep::tools
