// Makes programs run under the shim.
#pragma once

#include <string>

namespace pqsweep::tools {

// Sets LD_PRELOAD in this process's environment, so that every program it becomes or starts loads libpqsweep.so. Takes the
// library beside this executable (where `make` leaves it), or in lib/pqsweep next to its bin (where packages put it). Has the
// loader load it into a process of our own first. Returns why that fails, or nothing.
std::string preload_shim();

} // namespace pqsweep::tools
