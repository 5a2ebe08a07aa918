// The gate decides whether a run fails, from the connections of all of its processes.
#pragma once

#include "shim/base/settings.hh"
#include "tools/verdict/baseline.hh"
#include "tools/verdict/suppressions.hh"

#include <optional>

namespace pqsweep::tools {

struct GateOptions {
    std::optional<int> exit_code; // nothing: 1 if any other option is given, else 0
    uint8_t fail_on = fail_on_abandoned;
    bool is_fail_on_given = false;
    std::optional<uint32_t> max_open;
    std::string suppressions, baseline; // files; empty: none
};

class Gate {
public:
    // Reads the files that the options name. Returns what is wrong with them, or nothing.
    std::string load(const GateOptions& options);

    // The exit status of a run that fails; 0: no run fails.
    int exit_code() const;
    // It can fail a run, or takes something out of its report.
    bool is_wanted() const { return exit_code() != 0 || !options_.suppressions.empty(); }

    // Gives each finding its standing. Call once, after load().
    void judge(const History& history, std::vector<Finding>& findings);
    // Fails a gated run in which the shim saw no connection, or in which processes used libpq without it (`has_strays`). Of another
    // run it notes the first. Notes of a gated run that it has set no tag. `obstacle`: why the shim can't run in the command, or
    // nothing.
    void judge_unseen(const History& history, const std::string& obstacle, bool has_strays);
    bool fails_on_waits() const;
    bool has_failed() const { return !reasons_.empty(); }
    const std::vector<std::string>& reasons() const { return reasons_; }
    // Tags whose peak is too high, by their numbers.
    const std::vector<Strings::Id>& too_many() const { return too_many_; }
    uint32_t max_open() const { return options_.max_open.value_or(0); }

    // Returns a line for each rule that put up with something, and for a run that the shim saw nothing of.
    std::vector<std::string> notes() const;
    // "gate failed: 1 abandoned; exit status 9", or nothing. A command that failed by itself keeps its status.
    std::string verdict(int command_status) const;

private:
    bool fails(const Finding& finding) const;
    bool is_about_peaks_alone() const;

    GateOptions options_;
    Suppressions suppressions_;
    Baseline baseline_;
    uint64_t known_ = 0;
    std::vector<std::string> stale_; // lines about the baseline
    std::string unseen_;
    std::vector<Strings::Id> too_many_;
    std::vector<std::string> reasons_;
};

} // namespace pqsweep::tools
