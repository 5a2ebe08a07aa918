// Where libpqsweep.so is.
#pragma once

#include <filesystem>
#include <optional>

namespace pqsweep::tools {

// Beside this executable, as `make` leaves it, or in the lib directory next to its bin, as `make install`
// does.
std::optional<std::filesystem::path> find_shim();

} // namespace pqsweep::tools
