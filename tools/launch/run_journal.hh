// Where the processes of a run write what happens, so that it can be summed up over all of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace pqsweep::tools {

class RunJournal {
public:
    // The journal that was asked for, or a private one that is gone with this object.
    explicit RunJournal(const std::string& asked_for);
    ~RunJournal();
    RunJournal(const RunJournal&) = delete;
    RunJournal& operator=(const RunJournal&) = delete;

    // Why there is none that could be read afterwards, or nothing.
    const std::string& obstacle() const { return obstacle_; }
    // An absolute name, for PQSWEEP_JOURNAL.
    const std::string& name() const { return name_; }
    // All that a name with %p in it has become.
    std::vector<std::string> files() const;

private:
    std::filesystem::path directory_; // our own; empty: none
    std::string name_;
    std::string obstacle_;
};

} // namespace pqsweep::tools
