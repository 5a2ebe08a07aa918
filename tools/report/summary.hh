// The summary of a run: the worst places and tags, the long waits and inherited connections if there were any, the totals last.
#pragma once

#include "tools/report/report.hh"

#include <optional>

namespace pqsweep::tools {

// Of each list, the first five entries at most: fewer, if the summary would have more than 14 lines. The verdict is the 15th.
// `width`: of the terminal, on which names are shortened; nothing: it is a file or a pipe, and names are whole. `journal`: the
// file that keeps all, or empty. `remarks`: what else there is to say of the run.
// Empty if the run opened no connection, and there is nothing else to say.
std::string as_summary(const Assessment& assessment, std::optional<size_t> width, const std::string& journal,
                       const std::vector<std::string>& remarks);

} // namespace pqsweep::tools
