// An opening is counted and told once: by its owner, or by a sweep that sees it open before its owner has come to that.
// Async-signal-safe.
#pragma once

#include "shim/report/journal.hh"

namespace pqsweep {

// One that is still `connecting` is counted only.
inline void count_opening(Table& table, Connection& c, Activity activity) {
    if (c.counted.exchange(true, std::memory_order_relaxed))
        return;
    table.tags.of(c.tag).opened.add(1);
    if (activity != Activity::connecting)
        journal::opened(table, c);
}

} // namespace pqsweep
