// The terminal that a stream is, if it is one.
#pragma once

#include <cstddef>
#include <optional>

namespace pqsweep::tools {

// Returns how many columns the terminal behind this descriptor has; nothing if it is a file or a pipe.
std::optional<size_t> terminal_width(int fd);

// Colours are for terminals, and for users who did not set NO_COLOR.
bool has_colour(int fd);

} // namespace pqsweep::tools
