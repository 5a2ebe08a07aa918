// The journal of a run, which its processes write for the run's summary and gate.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace pqsweep::tools {

// A private file, removed with this object: the summary does not depend on the file that --journal names. A run inside
// another run uses the outer run's file, because that run sums up the same processes.
class RunJournal {
public:
    RunJournal();
    ~RunJournal();
    RunJournal(const RunJournal&) = delete;
    RunJournal& operator=(const RunJournal&) = delete;

    // Why there is none, or nothing.
    const std::string& obstacle() const { return obstacle_; }
    // For PQSWEEP_RUN_JOURNAL.
    const std::string& name() const { return name_; }
    // Writes a record of ours, here and into the file that --journal names.
    void append(std::string_view line) const;

private:
    std::filesystem::path directory_; // ours; empty: none
    std::string name_;
    std::string obstacle_;
};

// Opens the journal that the user asked for, so that a wrong name shows before the command starts. Makes the name
// absolute. Returns what is wrong, or nothing.
std::string open_journal(std::string& name);

} // namespace pqsweep::tools
