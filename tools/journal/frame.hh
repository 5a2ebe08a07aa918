// A line of a call stack, as a journal has it, taken apart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pqsweep::tools {

struct Frame {
    std::string file; // of the source, or the module
    int line = 0;     // 0: not known
    std::string function;

    // "file:line function", without what is not known.
    std::string text() const;
    // The same without the line, which shifts when something above it is edited.
    std::string place() const;
};

// Where it is below the repository's root (GITHUB_WORKSPACE, or else the current folder), the name from there: that is what
// people and GitHub know it by, and it is the same on every machine.
std::string from_root(const std::string& file);

// `is_source`: "file:line function"; otherwise "module+offset", which is symbolised.
Frame parse_frame(std::string_view text, bool is_source);

// Of a stack with a frame on each line.
std::vector<Frame> parse_stack(std::string_view stack, bool is_source);

} // namespace pqsweep::tools
