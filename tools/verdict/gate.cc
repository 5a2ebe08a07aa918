#include "tools/verdict/gate.hh"

#include "tools/text/utf8.hh"

#include <algorithm>
#include <fmt/ranges.h>
#include <iterator>
#include <span>

namespace pqsweep::tools {

std::string Gate::load(const GateOptions& options) {
    options_ = options;
    std::string wrong;
    if (!options.suppressions.empty())
        wrong = suppressions_.load(options.suppressions);
    if (wrong.empty() && !options.baseline.empty())
        wrong = baseline_.load(options.baseline);
    return wrong;
}

int Gate::exit_code() const {
    bool is_any_given = options_.is_fail_on_given || options_.max_open || !options_.baseline.empty();
    return options_.exit_code.value_or(is_any_given ? 1 : 0);
}

bool Gate::is_about_peaks_alone() const {
    return options_.max_open && !options_.exit_code && !options_.is_fail_on_given &&
           options_.baseline.empty();
}

bool Gate::fails(const Finding& f) const {
    if (is_about_peaks_alone())
        return false;
    return ((options_.fail_on & fail_on_abandoned) && is_abandoned(f.fate)) ||
           ((options_.fail_on & fail_on_transaction) && is_straggler(f.fate) && f.is_in_transaction()) ||
           ((options_.fail_on & fail_on_exit) && f.fate == Fate::open_at_exit) ||
           ((options_.fail_on & fail_on_late) && f.fate == Fate::closed_late);
}

bool Gate::fails_on_waits() const {
    return options_.fail_on & fail_on_blocked;
}

void Gate::judge(const History& history, std::vector<Finding>& findings) {
    uint64_t abandoned = 0, transaction = 0, open = 0, late = 0;
    for (Finding& f : findings) {
        bool is_known = baseline_.match(f);
        if (suppressions_.match(f)) {
            f.standing = Standing::suppressed;
        } else if (fails(f) && is_known) {
            f.standing = Standing::known;
            known_ += f.count;
        } else if (fails(f)) {
            f.standing = Standing::failed;
            f.is_new = !options_.baseline.empty();
            abandoned += (options_.fail_on & fail_on_abandoned) && is_abandoned(f.fate) ? f.count : 0;
            transaction += (options_.fail_on & fail_on_transaction) && f.is_in_transaction() ? f.count : 0;
            open += f.fate == Fate::open_at_exit ? f.count : 0;
            late += (options_.fail_on & fail_on_late) && f.fate == Fate::closed_late ? f.count : 0;
        }
    }
    stale_ = baseline_.stale(history);
    if (abandoned)
        reasons_.push_back(fmt::format("{} abandoned", abandoned));
    if (transaction)
        reasons_.push_back(fmt::format("{} in a transaction", transaction));
    if (open)
        reasons_.push_back(fmt::format("{} open at exit", open));
    if (late)
        reasons_.push_back(fmt::format("{} late", late));
    uint64_t inherited = 0;
    for (const Inherited& i : history.inherited())
        inherited += i.count;
    if (inherited && (options_.fail_on & fail_on_inherited))
        reasons_.push_back(fmt::format("{} used across a fork", inherited));
    if (fails_on_waits() && !history.waits().empty())
        reasons_.push_back(fmt::format("{} blocked", history.waits().size()));
    for (Strings::Id tag = 0; options_.max_open && tag < history.tags().size(); tag++) {
        uint32_t peak = history.tags()[tag].peak;
        if (peak <= *options_.max_open)
            continue;
        too_many_.push_back(tag);
        reasons_.push_back(fmt::format("{} open at once under {} (--max-open {})", peak,
                                       printable(tag_text(history.tag_names()[tag])), *options_.max_open));
    }
}

void Gate::judge_unseen(const History& history, const std::string& obstacle, bool has_strays) {
    TagCounts all = history.total();
    if (all.opened == 0) {
        std::string unseen = fmt::format("no connection was seen ({}; --allow-unseen)",
                                         has_strays         ? "a process of the run was without pqsweep"
                                         : obstacle.empty() ? "'pqsweep doctor' finds out why"
                                                            : obstacle);
        if (exit_code())
            reasons_.push_back(unseen);
        else
            unseen_ = unseen;
    } else if (has_strays && exit_code()) {
        reasons_.emplace_back("a process used libpq without pqsweep (--allow-unseen)");
    }
    bool has_tags = history.tag_names().size() > 1;
    bool passes_all = exit_code() && !is_about_peaks_alone() && !(options_.fail_on & fail_on_exit);
    if (!has_tags && passes_all && all.of(Fate::open_at_exit))
        unseen_ = "no tag was set, so nothing could be abandoned: let the runner set PQSWEEP_TAG for each "
                  "module, or gate what is open at exit with --fail-on exit";
}

std::vector<std::string> Gate::notes() const {
    std::vector<std::string> all = suppressions_.outcome();
    if (!unseen_.empty())
        all.push_back(unseen_);
    if (known_)
        all.push_back(fmt::format("{} in the baseline, which do not fail the run", known_));
    constexpr size_t most_stale = 5;
    std::copy_n(stale_.begin(), std::min(stale_.size(), most_stale), std::back_inserter(all));
    if (stale_.size() > most_stale)
        all.push_back(fmt::format("... and {} more in {}", stale_.size() - most_stale, options_.baseline));
    return all;
}

std::string Gate::verdict(int command_status) const {
    if (!has_failed() || !exit_code())
        return "";
    constexpr size_t most_named = 3;
    std::span<const std::string> named(reasons_.data(), std::min(reasons_.size(), most_named));
    std::string more =
        reasons_.size() > most_named ? fmt::format(", and {} more", reasons_.size() - most_named) : "";
    return fmt::format("gate failed: {}{}; exit status {}", fmt::join(named, ", "), more,
                       command_status ? fmt::format("stays {}", command_status)
                                      : std::to_string(exit_code()));
}

} // namespace pqsweep::tools
