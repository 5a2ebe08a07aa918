// Makes programs run under the shim.
#pragma once

#include <string>

namespace pqsweep::tools {

// Sets LD_PRELOAD in this process's environment, so that every program it becomes or starts loads libpqsweep.so. Takes the
// library beside this executable (where `make` leaves it), in the lib folder next to its bin, or where `make install` puts
// it, in this order. Returns why that fails, or nothing.
std::string preload_shim();

} // namespace pqsweep::tools
