#include "shim/table/tags.hh"

namespace pqsweep {

Tag& Tags::of(TextId name) {
    static_assert(2 * most == 1u << 17);
    uint32_t last = 2 * capacity_ - 1;
    Tag* tags = board_->tags;
    for (uint32_t place = (static_cast<uint32_t>(name) * 0x9e3779b9u >> 15) & last;;
         place = (place + 1) & last) {
        uint32_t known = places_[place].load(std::memory_order_acquire);
        if (known && tags[known - 1].name == name)
            return tags[known - 1];
        if (known)
            continue;
        Lock::Guard guard(lock_);
        if (places_[place].load(
                std::memory_order_relaxed)) { // another thread took it, perhaps for this very name
            place--;
            continue;
        }
        uint32_t i = board_->count.load(std::memory_order_relaxed);
        if (i == capacity_ || !backing_.reaches(&tags[i + 1]))
            return tags[i - 1];
        tags[i].name = name;
        places_[place].store(i + 1, std::memory_order_release);
        board_->count.store(i + 1, std::memory_order_release);
        return tags[i];
    }
}

} // namespace pqsweep
