// Tags: counts what happened under each tag. Context: any thread, signal handler. All-zero bytes are an empty list.
#pragma once

#include "shim/base/lock.hh"
#include "shim/base/relaxed.hh"
#include "shim/table/backing.hh"
#include "shim/table/by_activity.hh"
#include "shim/table/text_pool.hh"

#include <atomic>

namespace pqsweep {

// Counts of connections. A connection counts for the tag that opened it, also if another used it last.
struct Tag {
    Relaxed<TextId> name;
    Relaxed<uint32_t> opened;
    Relaxed<uint32_t> closed; // by their owner, or lost, before any sweep
    ByActivity<Relaxed<uint32_t>> swept;
    Relaxed<uint32_t> peak; // most live connections of the process while this tag was current
};

class Tags {
public:
    static constexpr uint32_t capacity = 1 << 16;

    // Returns its counters, which the first call makes; TextId::none has some, too. When the list is full, all further
    // tags share the last ones.
    Tag& of(TextId name);

    template<class Visit>
    void each(Visit visit) const {
        for (uint32_t i = 0, n = count(); i < n; i++)
            visit(tags_[i]);
    }

    Part part() { return part_between(&count_, tags_ + count(), this + 1); }
    Backing& backing() { return backing_; }

private:
    uint32_t count() const {
        uint32_t n = count_.load(std::memory_order_acquire);
        return n < capacity ? n : capacity;
    }

    Lock lock_;
    Backing backing_;
    std::atomic<uint32_t> places_[2 * capacity];        // open addressing; index + 1
    alignas(mapping_unit) std::atomic<uint32_t> count_; // from here on: on the board
    Tag tags_[capacity];
};

} // namespace pqsweep
