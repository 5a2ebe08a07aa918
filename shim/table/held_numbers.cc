#include "shim/table/held_numbers.hh"

#include <algorithm>

namespace pqsweep {

HeldNumbers::Grip::Grip(HeldNumbers& numbers, int fd) {
    uint8_t expected = held;
    if (numbers.covers(fd) &&
        numbers.states_[fd].compare_exchange_strong(expected, gripped, std::memory_order_seq_cst))
        state_ = &numbers.states_[fd];
}

HeldNumbers::Grip::~Grip() {
    uint8_t expected = gripped; // unless another thread's patience has ended
    if (state_)
        state_->compare_exchange_strong(expected, held, std::memory_order_seq_cst);
}

void HeldNumbers::hold(int fd) {
    if (!covers(fd))
        return;
    end_.raise_to(static_cast<uint32_t>(fd) + 1);
    uint8_t expected = none;
    states_[fd].compare_exchange_strong(expected, held, std::memory_order_seq_cst);
}

bool HeldNumbers::let_go(int fd) {
    if (!is_held(fd))
        return false;
    Backoff backoff;
    uint8_t expected = held;
    while (!states_[fd].compare_exchange_strong(expected, none, std::memory_order_seq_cst)) {
        if (expected == none)
            return false; // another thread has let it go
        expected = backoff.pause(patience) ? held : gripped;
    }
    return true;
}

void HeldNumbers::let_go_between(unsigned first, unsigned last) {
    unsigned end = std::min<unsigned>(end_, last < capacity_ ? last + 1 : capacity_);
    for (unsigned fd = first; fd < end; fd++)
        let_go(static_cast<int>(fd));
}

void HeldNumbers::await(int fd) const {
    for (Backoff backoff; covers(fd) && states_[fd].load(std::memory_order_seq_cst) == gripped;)
        if (!backoff.pause(patience))
            return;
}

} // namespace pqsweep
