// ByActivity: numbers of stragglers, by what they were doing when they were swept.
#pragma once

#include "shim/table/words.hh"

namespace pqsweep {

template<class Count>
struct ByActivity {
    Count idle{};
    Count transaction{}; // open or failed
    Count running{};     // connecting, a statement, COPY, a pipeline

    Count& of(Activity activity) {
        if (activity == Activity::idle)
            return idle;
        return has_transaction(activity) ? transaction : running;
    }
    auto total() const { return idle + transaction + running; }

    template<class Other>
    ByActivity& operator+=(const ByActivity<Other>& other) {
        idle += other.idle;
        transaction += other.transaction;
        running += other.running;
        return *this;
    }
    template<class Other>
    operator ByActivity<Other>() const {
        return {Other(idle), Other(transaction), Other(running)};
    }
};

} // namespace pqsweep
