#include "tools/journal/timeline.hh"

#include <algorithm>

namespace pqsweep::tools {

// Noting the shares at every new top would be slow: the last top before a fall is the one that counts.
void Timeline::keep_shares() {
    if (!has_new_top_)
        return;
    has_new_top_ = false;
    auto& shares = spans_.back().shares;
    shares.clear();
    for (auto [tag, connections] : live_by_tag_)
        shares.push_back({tag, connections});
}

void Timeline::merge_pairs() {
    for (size_t i = 0; i < spans_.size(); i += 2) {
        Span& merged = spans_[i / 2];
        Span first = std::move(spans_[i]);
        if (i + 1 == spans_.size()) {
            merged = std::move(first);
            break;
        }
        Span& second = spans_[i + 1];
        uint32_t without = std::max(first.without, second.without);
        uint32_t sweeps = first.sweeps + second.sweeps;
        Strings::Id swept = second.sweeps ? second.swept : first.swept;
        merged = std::move(second.live > first.live ? second : first);
        merged.without = without;
        merged.sweeps = sweeps;
        merged.swept = swept;
    }
    spans_.resize((spans_.size() + 1) / 2);
    length_ *= 2;
}

Timeline::Span& Timeline::move_to(int64_t time) {
    if (time / length_ < static_cast<int64_t>(spans_.size()))
        return spans_.back();
    keep_shares();
    while (time / length_ >= static_cast<int64_t>(most_spans))
        merge_pairs();
    auto wanted = static_cast<size_t>(time / length_) + 1;
    if (wanted > spans_.size()) {
        Span now{.live = live_, .without = without_};
        for (auto [tag, connections] : live_by_tag_)
            now.shares.push_back({tag, connections});
        spans_.resize(wanted, now);
    }
    return spans_.back();
}

void Timeline::change(int64_t time, Strings::Id tag, int live, int without) {
    Span& span = move_to(time);
    if (live < 0)
        keep_shares();
    live_ += static_cast<uint32_t>(live);
    without_ += static_cast<uint32_t>(without);
    span.without = std::max(span.without, without_);
    if (live != 0) {
        auto share = live_by_tag_.try_emplace(tag).first;
        share->second += static_cast<uint32_t>(live);
        if (share->second == 0)
            live_by_tag_.erase(share);
    }
    if (live_ > span.live) {
        span.live = live_;
        has_new_top_ = true;
    }
}

void Timeline::sweep(int64_t time, Strings::Id tag) {
    Span& span = move_to(time);
    span.sweeps++;
    span.swept = tag;
}

} // namespace pqsweep::tools
