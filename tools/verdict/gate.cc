#include "tools/verdict/gate.hh"

#include "shim/base/settings.hh"
#include "tools/text/utf8.hh"

#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

constexpr size_t line_width = 79;

} // namespace

void Gate::declare(CLI::App& app) {
    app.add_option("--max-open", max_open_,
                   "fail when more than so many connections were open at once under a tag");
    app.add_option("--suppressions", suppressions_file_,
                   "culprits to put up with: lines of tag:GLOB, test:GLOB, function:GLOB");
    app.add_option("--baseline", baseline_file_, "fail only for culprits that are not in this file");
}

void Gate::set(std::optional<int> exit_code, uint8_t fail_on, bool is_asked_for) {
    exit_code_ = exit_code;
    fail_on_ = fail_on;
    is_asked_for_ = is_asked_for;
}

std::string Gate::load() {
    std::string wrong;
    if (!suppressions_file_.empty())
        wrong = suppressions_.load(suppressions_file_);
    if (wrong.empty() && !baseline_file_.empty())
        wrong = baseline_.load(baseline_file_);
    return wrong;
}

int Gate::exit_code() const {
    return exit_code_.value_or(is_asked_for_ || max_open_ || !baseline_file_.empty() ? 1 : 0);
}

bool Gate::fails(const Finding& f) const {
    bool is_about_peaks_alone = max_open_ && !exit_code_ && !is_asked_for_ && baseline_file_.empty();
    if (is_about_peaks_alone)
        return false;
    return ((fail_on_ & fail_on_abandoned) && is_abandoned(f.fate)) ||
           ((fail_on_ & fail_on_transaction) && is_straggler(f.fate) && f.is_in_transaction()) ||
           ((fail_on_ & fail_on_exit) && f.fate == Fate::open_at_exit);
}

void Gate::judge(const History& history, std::vector<Finding>& findings) {
    uint64_t abandoned = 0, transaction = 0, open = 0;
    for (Finding& f : findings) {
        if (suppressions_.match(f)) {
            f.standing = Standing::suppressed;
        } else if (fails(f) && baseline_.has(f)) {
            f.standing = Standing::known;
            known_ += f.count;
        } else if (fails(f)) {
            f.standing = Standing::failed;
            abandoned += (fail_on_ & fail_on_abandoned) && is_abandoned(f.fate) ? f.count : 0;
            transaction += (fail_on_ & fail_on_transaction) && f.is_in_transaction() ? f.count : 0;
            open += f.fate == Fate::open_at_exit ? f.count : 0;
        }
    }
    if (abandoned)
        reasons_.push_back(fmt::format("{} abandoned", abandoned));
    if (transaction)
        reasons_.push_back(fmt::format("{} in a transaction", transaction));
    if (open)
        reasons_.push_back(fmt::format("{} open at exit", open));
    for (Strings::Id tag = 0; max_open_ && tag < history.tags().size(); tag++) {
        uint32_t peak = history.tags()[tag].peak;
        if (peak <= *max_open_)
            continue;
        too_many_.push_back(tag);
        std::string reason = fmt::format(": {} open at once (--max-open {})", peak, *max_open_);
        std::string name = printable(tag_text(history.tag_names()[tag]));
        reasons_.push_back(shortened(name, line_width - 25 - reason.size()) + reason);
    }
}

std::vector<std::string> Gate::lines() const {
    std::vector<std::string> all = suppressions_.outcome();
    if (known_)
        all.push_back(fmt::format("{} in the baseline, which do not fail the run", known_));
    for (const std::string& reason : reasons_)
        if (exit_code())
            all.push_back(fmt::format("exit status {}: {}", exit_code(), reason));
    return all;
}

} // namespace pqsweep::tools
