// What makes a program run under the shim.
#pragma once

#include <string>

namespace pqsweep::tools {

// Puts into this process's environment what makes every program it becomes or starts load libpqsweep.so: the one beside
// this executable, as `make` leaves it, or in the lib directory next to its bin, or where `make install` put it.
// Answers why that can't be done, or nothing.
std::string preload_shim();

} // namespace pqsweep::tools
