#include "shim/table/text_pool.hh"

#include "shim/base/text.hh"

#include <cstring>

namespace pqsweep {

uint32_t Names::find(std::string_view text, uint32_t hash) const {
    uint32_t offset = buckets_[hash % bucket_count];
    while (offset && (entry(offset).hash != hash || entry(offset).view() != text))
        offset = entry(offset).next;
    return offset;
}

Name Names::intern(std::string_view text) {
    if (text.empty())
        return Name::none;
    uint32_t hash = fnv1a(text);
    char shortened[longest];
    if (text.size() > longest) {
        Text cut(shortened);
        cut.raw(utf8_prefix(text, longest - 12)).raw("~") << hash;
        text = cut.view();
    }
    Lock::Guard guard(lock_);
    if (uint32_t known = find(text, hash))
        return Name(known);
    auto size =
        static_cast<uint32_t>((sizeof(Entry) + text.size() + 1 + alignof(Entry) - 1) & ~(alignof(Entry) - 1));
    uint32_t offset = used_.load(std::memory_order_relaxed) + uint32_t{alignof(Entry)}; // 0 means none
    if (offset + size > capacity || !backing_.reaches(bytes_ + offset + size))
        return Name(full);
    auto* fresh = reinterpret_cast<Entry*>(bytes_ + offset);
    fresh->hash = hash;
    fresh->length = static_cast<uint32_t>(text.size());
    fresh->next = buckets_[hash % bucket_count];
    memcpy(fresh->text(), text.data(), text.size());
    used_.store(offset - uint32_t{alignof(Entry)} + size, std::memory_order_release);
    buckets_[hash % bucket_count] = offset;
    return Name(offset);
}

std::string_view Names::text(Name name) const {
    auto offset = static_cast<uint32_t>(name);
    if (name == Name::none)
        return "";
    if (offset == full)
        return overflow;
    // Names go from thread to thread without any order.
    while (used_.load(std::memory_order_acquire) < offset) {
    }
    return entry(offset).view();
}

} // namespace pqsweep
