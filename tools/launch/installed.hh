// The files that come with this executable.
#pragma once

#include <filesystem>
#include <optional>

namespace pqsweep::tools {

// Returns the file or folder of that name that belongs to this executable: the one beside it, as `make` leaves it, or the
// one in `folder` (as "lib/pqsweep") next to its bin, as packages and `make install` do.
std::optional<std::filesystem::path> find_installed(const char* name, const char* folder);

} // namespace pqsweep::tools
