// Culprits that are known and put up with: a file of lines `tag:GLOB`, `test:GLOB` or `function:GLOB`.
#pragma once

#include "tools/verdict/finding.hh"

namespace pqsweep::tools {

class Suppressions {
public:
    // Reads the file; answers what is wrong with it, or nothing.
    std::string load(const std::string& file);
    // Whether a line matches, which is counted. `function` looks at every frame of the stack.
    bool match(const Finding& finding);
    // A line for each that matched, with how many connections, and for each that matched nothing.
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
