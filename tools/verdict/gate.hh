// The gate: whether a run as a whole fails, over all of its processes.
#pragma once

#include "tools/verdict/baseline.hh"
#include "tools/verdict/suppressions.hh"

#include <CLI/CLI.hpp>
#include <optional>

namespace pqsweep::tools {

class Gate {
public:
    // Options of its own: --max-open, --suppressions, --baseline.
    void declare(CLI::App& app);
    // What --exit-code and --fail-on say, which a caller may have from elsewhere. `is_asked_for`: --fail-on was given
    // for this run, so that without an exit code it means 1.
    void set(std::optional<int> exit_code, uint8_t fail_on, bool is_asked_for);
    // Reads the files; answers what is wrong, or nothing.
    std::string load();

    // Whether it can fail a run, or takes something out of its report.
    bool is_wanted() const { return exit_code() != 0 || has_options(); }
    bool has_options() const { return max_open_ || !suppressions_file_.empty() || !baseline_file_.empty(); }

    // Gives each finding its standing. Call once, after load().
    void judge(const History& history, std::vector<Finding>& findings);
    const std::vector<std::string>& reasons() const { return reasons_; }
    bool has_failed() const { return !reasons_.empty(); }
    // The exit status for a run that has failed; 0: none.
    int exit_code() const;
    // Tags whose peak is too high, by their numbers.
    const std::vector<Strings::Id>& too_many() const { return too_many_; }
    uint32_t max_open() const { return max_open_.value_or(0); }
    // What it has to say: a line each, without the name of the program.
    std::vector<std::string> lines() const;

private:
    bool fails(const Finding& finding) const;

    std::optional<int> exit_code_;
    uint8_t fail_on_ = 0;
    bool is_asked_for_ = false;
    std::optional<uint32_t> max_open_;
    std::string suppressions_file_, baseline_file_;
    Suppressions suppressions_;
    Baseline baseline_;
    uint64_t known_ = 0;
    std::vector<Strings::Id> too_many_;
    std::vector<std::string> reasons_;
};

} // namespace pqsweep::tools
