// Tags: counts what happened under each tag. Context: any thread, signal handler. All-zero bytes are an empty list.
#pragma once

#include "shim/base/lock.hh"
#include "shim/base/relaxed.hh"
#include "shim/table/backing.hh"
#include "shim/table/by_activity.hh"
#include "shim/table/text_pool.hh"

#include <atomic>
#include <cstddef>

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
    static constexpr uint32_t most = 1 << 16; // in a whole table
    static constexpr Room room(uint32_t capacity) {
        return {.board = whole_units(offsetof(OnBoard, tags) + capacity * sizeof(Tag)),
                .own = whole_units(sizeof(Place) * 2 * capacity)};
    }
    void settle(uint32_t capacity, char* board, char* own) {
        capacity_ = capacity;
        board_ = reinterpret_cast<OnBoard*>(board);
        places_ = reinterpret_cast<Place*>(own);
    }

    // Returns its counters, which the first call makes; TextId::none has some, too. When the list is full, all further
    // tags share the last ones.
    Tag& of(TextId name);

    template<class Visit>
    void each(Visit visit) const {
        for (uint32_t i = 0, n = count(); i < n; i++)
            visit(board_->tags[i]);
    }

    Part part() { return part_from(board_, board_->tags + count(), room(capacity_).board); }
    Backing& backing() { return backing_; }

private:
    uint32_t count() const {
        uint32_t n = board_->count.load(std::memory_order_acquire);
        return n < capacity_ ? n : capacity_;
    }

    struct OnBoard {
        std::atomic<uint32_t> count;
        Tag tags[most];
    };
    using Place = std::atomic<uint32_t>; // index + 1

    OnBoard* board_;
    Place* places_; // open addressing: two for each tag
    uint32_t capacity_;
    Lock lock_;
    Backing backing_;
};

} // namespace pqsweep
