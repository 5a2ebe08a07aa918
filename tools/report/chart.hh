// The picture of a run: its connections over time, stacked by tag, as SVG.
#pragma once

#include "tools/journal/history.hh"

namespace pqsweep::tools {

// Which tags have a colour of their own; all others share one, so that a picture stays as small for a thousand.
class Colours {
public:
    static constexpr size_t most = 9;
    // For those that had the most connections open for the longest time, in all runs.
    explicit Colours(const History& history);
    // From 0 on; `most` for the others.
    size_t of(Strings::Id tag) const;
    const std::vector<Strings::Id>& tags() const { return tags_; }

private:
    std::vector<Strings::Id> tags_;
};

// Styled by the classes `c0` to `c9` (Colours), `without`, `sweep`, `grid` and `hover`. Its size is bounded.
std::string chart(const History& history, const Run& run, const Colours& colours);

} // namespace pqsweep::tools
