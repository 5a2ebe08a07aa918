#include "shim/table/text_pool.hh"

#include "shim/base/text.hh"

#include <cstring>

namespace pqsweep {

uint32_t TextPool::find(std::string_view text, uint32_t hash) const {
    uint32_t offset = buckets_[hash % bucket_count];
    while (offset && (entry(offset).hash != hash || entry(offset).view() != text))
        offset = entry(offset).next;
    return offset;
}

TextId TextPool::intern(std::string_view text) {
    if (text.empty())
        return TextId::none;
    uint32_t hash = fnv1a(text);
    char shortened[longest];
    if (text.size() > longest) {
        Text cut(shortened);
        cut.raw(utf8_prefix(text, longest - 12)).raw("~") << hash;
        text = cut.view();
    }
    Lock::Guard guard(lock_);
    if (uint32_t known = find(text, hash))
        return TextId(known);
    auto size =
        static_cast<uint32_t>((sizeof(Entry) + text.size() + 1 + alignof(Entry) - 1) & ~(alignof(Entry) - 1));
    uint32_t offset = board_->used.load(std::memory_order_relaxed) + uint32_t{alignof(Entry)}; // 0 means none
    if (offset + size > capacity_ || !backing_.reaches(board_->bytes + offset + size))
        return TextId(full);
    auto* fresh = reinterpret_cast<Entry*>(board_->bytes + offset);
    fresh->hash = hash;
    fresh->length = static_cast<uint32_t>(text.size());
    fresh->next = buckets_[hash % bucket_count];
    memcpy(fresh->text(), text.data(), text.size());
    board_->used.store(offset - uint32_t{alignof(Entry)} + size, std::memory_order_release);
    buckets_[hash % bucket_count] = offset;
    return TextId(offset);
}

std::string_view TextPool::text(TextId name) const {
    auto offset = static_cast<uint32_t>(name);
    if (name == TextId::none)
        return "";
    if (offset == full)
        return overflow;
    // A number can come from another thread without any order: its text might not be visible yet.
    while (board_->used.load(std::memory_order_acquire) < offset) {
    }
    return entry(offset).view();
}

} // namespace pqsweep
