// A run of pqsweep-asker: the program, beside the shim, that the system's loader starts with a library (tools/asker/README.md).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace pqsweep::tools {

struct AskerOutcome {
    bool is_tried = true;     // false: no process could be started for it
    bool has_library = false; // the loader loaded it, and it has libpq's functions
    std::string reply;        // empty: it did not reply in time, or was asked nothing
    std::string complaint;    // what it, or the loader, printed on stderr
};

// Runs the program with LD_PRELOAD set to `libraries`, hands it the request, and waits until it ends. Kills it at `deadline`.
// Context: a process without threads.
AskerOutcome run_asker(const std::string& libraries, std::string_view request,
                       std::chrono::steady_clock::time_point deadline);

} // namespace pqsweep::tools
