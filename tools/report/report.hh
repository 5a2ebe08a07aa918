// The forms that a report is given in.
#pragma once

#include "tools/verdict/gate.hh"

namespace pqsweep::tools {

// What was read, and what it comes to.
struct Assessment {
    History history;
    Problems problems;
    std::vector<Finding> findings;
    Gate gate;

    // Reads the journals and judges them. `run`: see read_journals. The gate is loaded.
    void assess(const std::vector<std::string>& files, const std::string& run);
};

// For terminals of 80 columns. `everything`: also tags and tests that left nothing behind but what was open at exit.
std::string as_table(const Assessment& assessment, bool everything);
// Whether there is something to say to who only wants to hear of stragglers.
bool has_news(const Assessment& assessment);

// report.md tells what is in it.
std::string as_json(const Assessment& assessment);
// A test case for each tag.
std::string as_junit(const Assessment& assessment);
// Commands that put annotations on a GitHub workflow's files.
std::string as_github(const Assessment& assessment);
// A page that needs nothing else.
std::string as_html(const Assessment& assessment);

} // namespace pqsweep::tools
