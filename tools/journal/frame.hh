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

    bool operator==(const Frame&) const = default;

    // "file:line function"; unknown parts are left out.
    std::string text() const;
    // The same without the line: lines shift when somebody edits the file above them.
    std::string place() const;
};

// Returns the name from the repository's root, if the file is below it. People and GitHub know it by that name, and it is the
// same on every machine. Roots are those that add_root() was called with, then GITHUB_WORKSPACE or else the current folder.
std::string from_root(const std::string& file);
void add_root(const std::string& folder);

// Parses "file:line function".
Frame parse_line(std::string_view text);

// Parses a stack: a frame on each line, the innermost first. `is_source`: the frames are lines of source. Otherwise they are
// native calls, which are symbolised. `every_frame` also returns those of libraries and test frameworks; own_frames.hh.
std::vector<Frame> parse_stack(std::string_view stack, bool is_source);
std::vector<Frame> every_frame(std::string_view stack, bool is_source);
// Returns the frame that opened the connection; an empty one for an empty stack.
Frame first_frame(std::string_view stack, bool is_source);

} // namespace pqsweep::tools
