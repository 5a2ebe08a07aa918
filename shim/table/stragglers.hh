// Stragglers: one record for each connection that was swept, kept for the report and for the message that its
// owner gets. Async-signal-safe. All-zero bytes are an empty list.
#pragma once

#include "shim/table/connections.hh"

namespace pqsweep {

// Why it was swept: its tag had ended, or somebody wished for it.
enum class Cause : uint8_t { tag_change, request };

struct Straggler {
    TextId tag; // that opened it
    TextId test;
    TextId line;     // of the program that opened it, see origin.hh
    TextId ended_by; // the tag that came next; none: there was none
    TextId database;
    int backend_pid; // 0: it never got that far
    Activity activity;
    Cause cause;
    int64_t age; // nanoseconds since it was opened
    Relaxed<Fate> fate;
    Relaxed<int64_t> revival; // nanoseconds that it took
};

class Stragglers {
public:
    static constexpr uint32_t capacity = 1 << 16;

    // The record's number; 0 when there is no room, and it is only counted.
    uint32_t add(const Straggler& straggler);
    // Null for 0.
    const Straggler* record(uint32_t number) const { return number ? &records_[number - 1] : nullptr; }
    void set_fate(uint32_t number, Fate fate) {
        if (number)
            records_[number - 1].fate = fate;
    }

    void set_revived(uint32_t number, int64_t nanoseconds) {
        if (number)
            records_[number - 1].revival = nanoseconds;
        set_fate(number, Fate::revived);
    }

    template<class Visit>
    void each(Visit visit) const {
        for (uint32_t i = 0; i < total() && i < capacity; i++)
            visit(records_[i]);
    }
    uint32_t total() const { return total_; }

private:
    Relaxed<uint32_t> total_;
    Straggler records_[capacity];
};

inline uint32_t Stragglers::add(const Straggler& straggler) {
    uint32_t number = total_.add(1);
    if (number > capacity)
        return 0;
    records_[number - 1] = straggler;
    return number;
}

} // namespace pqsweep
