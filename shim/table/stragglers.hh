// Stragglers: one record for each connection that was swept, kept for the report and for the error that its owner gets.
//
// A sweep reserves a blank record, writes it, claims the connection by putting the record's number into its state word,
// and publishes the record then. So whoever finds a number in a state word finds the record complete.
// Context: any thread, signal handler. errno: kept. Locks: none. All-zero bytes are an empty list.
#pragma once

#include "shim/table/connections.hh"

namespace pqsweep {

// Why it was swept: its tag had ended, its fixture had ended, a tool or a signal asked for the sweep, or a session waited for its
// lock.
enum class Cause : uint8_t { tag_change, fixture_end, request, wait };

struct Straggler {
    uint32_t connection; // its number, of all that this process opened
    TextId tag;          // that opened it
    TextId test;
    TextId last_test; // that used it
    TextId line;      // of the program that opened it, see origins.hh
    TextId ended_by;  // the tag that came next (none: no tag did), or the fixture that ended
    TextId reason;    // wait: who waited for what
    TextId database;
    int backend_pid; // 0: it never got that far
    Activity activity;
    Cause cause;
    bool is_pools; // idle, and used under several tags
    int64_t age;   // nanoseconds since it was opened
};

struct StragglerRecord : Straggler {
    std::atomic<bool> is_published;
    Relaxed<Fate> fate;       // what it comes to if its owner does nothing more
    Relaxed<int64_t> revival; // nanoseconds that it took
};

class Stragglers {
public:
    static constexpr uint32_t most = 1 << 16; // in a whole table
    static constexpr Room room(uint32_t capacity) {
        return {.own = whole_units(capacity * sizeof(StragglerRecord))};
    }
    void settle(uint32_t capacity, char*, char* own) {
        capacity_ = capacity;
        records_ = reinterpret_cast<StragglerRecord*>(own);
    }

    // Returns the number of a blank record; 0 when there is no room: then nothing is recorded, and all below do nothing.
    uint32_t reserve() {
        uint32_t number = reserved_.add(1);
        return number <= capacity_ ? number : 0;
    }
    // For a blank record, by the thread that reserved it.
    void write(uint32_t number, const Straggler& straggler) {
        if (!number)
            return;
        static_cast<Straggler&>(records_[number - 1]) = straggler;
        set_fate(number, straggler.is_pools ? Fate::open_at_exit : Fate::left_open);
    }
    void publish(uint32_t number) {
        if (number)
            records_[number - 1].is_published.store(true, std::memory_order_release);
    }

    // Null for 0.
    const StragglerRecord* record(uint32_t number) const { return number ? &records_[number - 1] : nullptr; }
    Fate fate(uint32_t number) const { return number ? Fate(record(number)->fate) : Fate::left_open; }
    void set_fate(uint32_t number, Fate fate) {
        if (number)
            records_[number - 1].fate = fate;
    }
    void set_revived(uint32_t number, int64_t nanoseconds) {
        if (number)
            records_[number - 1].revival = nanoseconds;
        set_fate(number, Fate::revived);
    }

    // Calls visit(const StragglerRecord&) for all that are published.
    template<class Visit>
    void each(Visit visit) const {
        uint32_t reserved = reserved_;
        for (uint32_t i = 0; i < reserved && i < capacity_; i++)
            if (records_[i].is_published.load(std::memory_order_acquire))
                visit(records_[i]);
    }

private:
    StragglerRecord* records_;
    uint32_t capacity_;
    Relaxed<uint32_t> reserved_;
};

} // namespace pqsweep
