// The state word: how far one connection has come, in one atomic value that its owner thread, sweeps and signal handlers
// change by compare-and-swap. The ledger (lifecycle/ledger.hh) makes the transitions and draws them.
//
//    63                                 20 19             3 2     0
//   +-------------------------------------+----------------+-------+
//   | generation: transitions so far      | straggler      | state |
//   +-------------------------------------+----------------+-------+
//
// `straggler` is the number of the connection's record in Stragglers while it is swept or reviving, otherwise 0.
// Context: any thread, signal handler. errno: kept. Locks: none. All-zero bytes are a free slot.
#pragma once

#include <atomic>
#include <cstdint>

namespace pqsweep {

enum class State : uint8_t {
    free,       // no connection's slot
    connecting, // libpq is making the connection, or has failed to
    open,       // CONNECTION_OK
    lost,       // the session is over; the owner still has the PGconn
    swept,      // a sweep has closed its socket
    reviving,   // its owner is reconnecting it; a sweep that comes in between makes it swept again
};

// A value of the state word, as it was seen.
class Word {
public:
    constexpr explicit Word(uint64_t bits) : bits_(bits) {}

    constexpr uint64_t bits() const { return bits_; }
    constexpr State state() const { return State(bits_ & state_mask); }
    constexpr uint32_t straggler() const {
        return static_cast<uint32_t>(bits_ >> straggler_shift & straggler_mask);
    }
    // What it becomes by a transition.
    constexpr Word next(State state, uint32_t straggler) const {
        return Word(((bits_ >> generation_shift) + 1) << generation_shift |
                    uint64_t{straggler} << straggler_shift | static_cast<uint64_t>(state));
    }

private:
    static constexpr int straggler_shift = 3, generation_shift = 20;
    static constexpr uint64_t state_mask = (1 << straggler_shift) - 1,
                              straggler_mask = (1 << (generation_shift - straggler_shift)) - 1;

    uint64_t bits_;
};

class StateWord {
public:
    Word load() const { return Word(bits_.load(std::memory_order_seq_cst)); }
    // Makes the transition if nothing has happened since `seen` was loaded. Returns whether it did.
    bool move(Word seen, State state, uint32_t straggler = 0) {
        uint64_t expected = seen.bits();
        return bits_.compare_exchange_strong(expected, seen.next(state, straggler).bits(),
                                             std::memory_order_seq_cst);
    }

private:
    std::atomic<uint64_t> bits_;
    static_assert(std::atomic<uint64_t>::is_always_lock_free); // signal handlers use it
};

} // namespace pqsweep
