// How many connections were open when, by tag: in a bounded number of equal spans, which get longer as time goes on.
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
    // At the moment of the span when most were open.
    struct Span {
        uint32_t live = 0;
        uint32_t without = 0; // the most that would have been, had nothing been swept
        uint32_t sweeps = 0;
        Strings::Id swept = 0; // a tag that was swept
        std::vector<Share> shares{};
    };

    // Connections of `tag` come and go, in fact and as it would be without sweeps; each call has the time, in
    // microseconds from the beginning. Time that goes back stands still.
    void change(int64_t time, Strings::Id tag, int live, int without);
    void sweep(int64_t time, Strings::Id tag);

    uint32_t live() const { return live_; }
    uint32_t without() const { return without_; }

    const std::vector<Span>& spans() const { return spans_; }
    int64_t span_length() const { return length_; } // microseconds

    // What must be done before spans() is complete.
    void finish() { keep_shares(); }

private:
    Span& move_to(int64_t time);
    void keep_shares();
    void merge_pairs();

    std::vector<Span> spans_{1};
    int64_t length_ = 1000;
    uint32_t live_ = 0, without_ = 0;
    bool has_new_top_ = false; // the last span's shares are those of now, and yet to be noted
    std::map<Strings::Id, uint32_t> live_by_tag_;
};

} // namespace pqsweep::tools
