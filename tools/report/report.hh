// The forms of a report.
#pragma once

#include "tools/verdict/gate.hh"

#include <optional>

namespace pqsweep::tools {

// The history that was read, with its judgement.
struct Assessment {
    History history;
    Problems problems;
    std::vector<Finding> findings;
    Gate gate;

    // Reads the journals and judges them. `run`: see read_journals. Load the gate before.
    void assess(const std::vector<std::string>& files, const std::string& run);
};

// `everything`: also lists tags without stragglers, and connections open at exit. `width`: of the terminal; nothing: names are
// not cut. Empty if no process connected.
std::string as_table(const Assessment& assessment, bool everything, std::optional<size_t> width);

// report.md describes it.
std::string as_json(const Assessment& assessment);
// Has a test case for each tag.
std::string as_junit(const Assessment& assessment);
// Commands that annotate the files of a GitHub workflow.
std::string as_github(const Assessment& assessment);
// A table for $GITHUB_STEP_SUMMARY.
std::string as_markdown(const Assessment& assessment);
// A code quality report.
std::string as_gitlab(const Assessment& assessment);
// A page in one file. `link_form`: how a line of source is linked; see SourceLinks.
std::string as_html(const Assessment& assessment, const std::string& link_form);

} // namespace pqsweep::tools
