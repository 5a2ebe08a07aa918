// Draws a run's connections over time, stacked by tag, as SVG.
#pragma once

#include "tools/journal/history.hh"

namespace pqsweep::tools {

// Gives the nine biggest tags a colour each. All others share one, so that a picture of a thousand tags stays small.
class Colours {
public:
    static constexpr size_t most = 9;
    // Takes the tags that had the most connections open for the longest time, over all runs.
    explicit Colours(const History& history);
    // Returns 0 to most - 1, and `most` for all other tags.
    size_t of(Strings::Id tag) const;
    const std::vector<Strings::Id>& tags() const { return tags_; }

private:
    std::vector<Strings::Id> tags_;
};

// The page styles the classes `c0` to `c9` (Colours), `without`, `sweep`, `grid` and `hover`. The size is bounded.
std::string chart(const History& history, const Run& run, const Colours& colours);

} // namespace pqsweep::tools
