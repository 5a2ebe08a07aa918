// The style and the script of the page that html.cc makes. The page is whole without its script, which searches, sorts and
// filters.
#pragma once

#include <string_view>

namespace pqsweep::tools {

extern const std::string_view page_style, page_script;

} // namespace pqsweep::tools
