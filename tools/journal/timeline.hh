// Notes how many connections were open when, by tag. The time line is a bounded number of equal spans, which get longer
// as the run goes on.
#pragma once

#include "tools/journal/strings.hh"

#include <map>
#include <vector>

namespace pqsweep::tools {

class Timeline {
public:
    static constexpr size_t most_spans = 512;

    struct Share {
        Strings::Id tag;
        uint32_t connections;
    };
    // The state at the moment of the span when most connections were open.
    struct Span {
        uint32_t live = 0;
        uint32_t without = 0; // the most that would have been open without sweeps
        uint32_t sweeps = 0;
        Strings::Id swept = 0; // a tag that was swept
        std::vector<Share> shares{};
    };

    // Adds to the connections of `tag`: `live` to those that are open, `without` to those that would be without sweeps.
    // `time` is in microseconds from the beginning; a time before the last one counts as the last one.
    void change(int64_t time, Strings::Id tag, int live, int without);
    void sweep(int64_t time, Strings::Id tag);

    uint32_t live() const { return live_; }
    uint32_t without() const { return without_; }

    const std::vector<Span>& spans() const { return spans_; }
    int64_t span_length() const { return length_; } // microseconds

    // Call before spans(), after the last change.
    void finish() { keep_shares(); }

private:
    Span& move_to(int64_t time);
    void keep_shares();
    void merge_pairs();

    std::vector<Span> spans_{1};
    int64_t length_ = 1000;
    uint32_t live_ = 0, without_ = 0;
    bool has_new_top_ = false; // the last span's shares are still to be noted
    std::map<Strings::Id, uint32_t> live_by_tag_;
};

} // namespace pqsweep::tools
