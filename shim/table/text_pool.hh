// The text pool: stores once each string that outlives a call (tags, test ids, databases, users), under a number. Strings
// are never removed. Context: any thread, signal handler. All-zero bytes are an empty pool.
#pragma once

#include "shim/base/lock.hh"
#include "shim/table/backing.hh"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pqsweep {

enum class TextId : uint32_t { none };

class TextPool {
public:
    static constexpr uint32_t most = 24 << 20; // bytes of a whole table's texts
    static constexpr Room room(uint32_t capacity) {
        return {.board = whole_units(offsetof(OnBoard, bytes) + capacity)};
    }
    void settle(uint32_t capacity, char* board, char*) {
        capacity_ = capacity;
        board_ = reinterpret_cast<OnBoard*>(board);
    }

    // Longer texts are cut at a UTF-8 boundary and get a hash of the whole, so that two of them stay two.
    static constexpr size_t longest = 512;

    // Returns the same number for the same text; `none` for an empty one. A full pool returns one number for all new texts.
    TextId intern(std::string_view text);
    // Valid as long as the pool. Ends in a NUL byte that the view leaves out.
    std::string_view text(TextId name) const;
    // As text(), for bytes that anybody can have written: returns "?" if there is no such text.
    std::string_view checked_text(TextId name) const {
        auto offset = static_cast<uint32_t>(name);
        if (name == TextId::none)
            return "";
        if (offset == full)
            return overflow;
        bool is_one = offset % alignof(Entry) == 0 && offset <= capacity_ - sizeof(Entry) - longest &&
                      entry(offset).length > 0 && entry(offset).length <= longest;
        return is_one ? entry(offset).view() : "?";
    }

    Part part() {
        uint32_t used = board_->used.load(std::memory_order_acquire);
        used = used < capacity_ ? used + uint32_t{alignof(Entry)} : capacity_;
        return part_from(board_, board_->bytes + used, room(capacity_).board);
    }
    Backing& backing() { return backing_; }

private:
    struct Entry {
        uint32_t next;
        uint32_t hash;
        uint32_t length;
        char* text() { return reinterpret_cast<char*>(this + 1); } // follows in the store
        const char* text() const { return reinterpret_cast<const char*>(this + 1); }
        std::string_view view() const { return {text(), length}; }
    };
    static constexpr uint32_t bucket_count = 1 << 14;
    static constexpr uint32_t full = UINT32_MAX; // the number of all texts for which there was no room
    static constexpr std::string_view overflow = "(too many names)";

    const Entry& entry(uint32_t offset) const {
        return *reinterpret_cast<const Entry*>(board_->bytes + offset);
    }
    uint32_t find(std::string_view text, uint32_t hash) const;

    struct OnBoard {
        std::atomic<uint32_t> used; // a reader that loads it sees all texts up to it
        alignas(Entry) char bytes[most];
    };

    OnBoard* board_;
    uint32_t capacity_;
    Lock lock_;
    Backing backing_;
    uint32_t buckets_[bucket_count];
};

} // namespace pqsweep
