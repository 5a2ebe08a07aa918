// The summary of a run: the five worst places, the long waits and inherited connections if there were any, the totals last.
#pragma once

#include "tools/report/report.hh"

#include <optional>

namespace pqsweep::tools {

// `width`: of the terminal; nothing: lines are not cut. `journal`: the file that keeps the whole, or empty.
// Empty if the run opened no connection.
std::string as_summary(const Assessment& assessment, std::optional<size_t> width, const std::string& journal);

} // namespace pqsweep::tools
