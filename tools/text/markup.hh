// Escapes text for XML and HTML.
#pragma once

#include <string>
#include <string_view>

namespace pqsweep::tools {

// For an element's text and for a quoted attribute. Control characters, which XML forbids, become `?`; newlines stay.
std::string escaped(std::string_view text);

} // namespace pqsweep::tools
