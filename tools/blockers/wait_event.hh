// Wait event: a wait that a notice was printed for, as the journal has it (shim/report/journal.md).
#pragma once

#include <string>

namespace pqsweep::tools {

struct WaitEvent {
    std::string waiter{}, waiter_tag{}, lock{}, database{};
    // Of the connection that holds the lock, if it is the run's: who opened it, where, who used it last.
    std::string holder{}, holder_line{}, holder_user{};
    int waiter_backend = 0, holder_backend = 0;
    double waited = 0;     // seconds
    bool is_ended = false; // the holder
};

// Returns the record, with its newline. `run` is the name of the run. All records of this process have the same process id.
std::string record_of(const WaitEvent& event, const std::string& run);

} // namespace pqsweep::tools
