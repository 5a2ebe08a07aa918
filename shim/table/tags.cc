#include "shim/table/tags.hh"

namespace pqsweep {

Tag& Tags::of(TextId name) {
    uint32_t place = static_cast<uint32_t>(name) * 0x9e3779b9u >> 15;
    static_assert(2 * capacity == 1u << 17);
    for (;; place = (place + 1) % (2 * capacity)) {
        uint32_t known = places_[place].load(std::memory_order_acquire);
        if (known && tags_[known - 1].name == name)
            return tags_[known - 1];
        if (known)
            continue;
        Lock::Guard guard(lock_);
        if (places_[place].load(
                std::memory_order_relaxed)) { // another thread took it, perhaps for this very name
            place--;
            continue;
        }
        uint32_t i = count_.load(std::memory_order_relaxed);
        if (i == capacity || !backing_.reaches(&tags_[i + 1]))
            return tags_[i - 1];
        tags_[i].name = name;
        places_[place].store(i + 1, std::memory_order_release);
        count_.store(i + 1, std::memory_order_release);
        return tags_[i];
    }
}

} // namespace pqsweep
