// Conninfo: the keywords and values that a connection is made with, as libpq names them.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pqsweep::tools {

using Conninfo = std::vector<std::pair<std::string, std::string>>;

} // namespace pqsweep::tools
