// A frame of a call stack, parsed from a journal's text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pqsweep::tools {

struct Frame {
    std::string file; // of the source, or the module
    int line = 0;     // 0: not known
    std::string function;

    // "file:line function"; unknown parts are left out.
    std::string text() const;
    // The same without the line: lines shift when somebody edits the file above them.
    std::string place() const;
};

// Returns the name from the repository's root (GITHUB_WORKSPACE, or else the current folder), if the file is below it.
// People and GitHub know it by that name, and it is the same on every machine.
std::string from_root(const std::string& file);

// `is_source`: the text is "file:line function". Otherwise it is "module+offset", which gets symbolised.
Frame parse_frame(std::string_view text, bool is_source);

// The stack has a frame on each line. Of an empty stack, the first frame is empty, too.
Frame first_frame(std::string_view stack, bool is_source);
std::vector<Frame> parse_stack(std::string_view stack, bool is_source);

} // namespace pqsweep::tools
