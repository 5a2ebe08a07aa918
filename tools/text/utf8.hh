// UTF-8 text on a terminal. A character counts as one column.
#pragma once

#include <string>
#include <string_view>

namespace pqsweep::tools {

size_t width_of(std::string_view text);

// With a `?` for every control character, and for each byte that is no UTF-8.
std::string printable(std::string_view text);

// At most so many columns: what does not fit is left out in the middle, because a test id says most at its ends.
std::string shortened(std::string_view text, size_t width);

// To so many columns, with spaces after it.
std::string padded(std::string text, size_t width);

} // namespace pqsweep::tools
