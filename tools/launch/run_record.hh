// The journal's record of a run: what was started, where, and of which revision.
#pragma once

#include <string>
#include <vector>

namespace pqsweep::tools {

// Returns the record, with its newline; shim/report/journal.md describes it. `run`: its name. `version`: of pqsweep.
std::string run_record(const std::string& run, const std::vector<std::string>& command,
                       const std::string& version);

} // namespace pqsweep::tools
