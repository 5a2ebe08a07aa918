// UTF-8 text on a terminal. Each character counts as one column.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pqsweep::tools {

size_t width_of(std::string_view text);

// Returns the text with a `?` for every control character and for each byte that is not UTF-8.
std::string printable(std::string_view text);

// Returns at most `width` columns. Leaves out the middle, because the ends of a test id say most.
std::string shortened(std::string_view text, size_t width);

// Returns at most `width` columns. Leaves out the beginning, because the end of a path or a name says most.
std::string end_of(std::string_view text, size_t width);

// Returns the first `width` characters.
std::string cut_to(std::string_view text, size_t width);

// Returns lines of at most `width` columns, broken at blanks. All but the first begin two columns further right than the first.
// A word that is wider stands whole on a line.
std::vector<std::string> wrapped(std::string_view text, size_t width);

// Returns the text with spaces behind it, up to `width` columns.
std::string padded(std::string text, size_t width);

} // namespace pqsweep::tools
