// The culprits that a suite puts up with: a file of lines `tag:GLOB`, `test:GLOB` or `function:GLOB`.
#pragma once

#include "tools/verdict/finding.hh"

namespace pqsweep::tools {

class Suppressions {
public:
    // Reads the file. Returns what is wrong with it, or nothing.
    std::string load(const std::string& file);
    // Returns whether a line matches, and counts it. `function` looks at every frame of the stack.
    bool match(const Finding& finding);
    // Returns a line for each rule: how many connections it matched, or that it matched nothing.
    std::vector<std::string> outcome() const;

private:
    enum class Field : uint8_t { tag, test, function };
    struct Rule {
        Field field;
        std::string glob;
        std::string text; // as it stands in the file
        int line;
        uint64_t matched = 0;
    };
    std::string file_;
    std::vector<Rule> rules_;
};

} // namespace pqsweep::tools
