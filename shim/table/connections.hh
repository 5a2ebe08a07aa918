// Connections: every live connection of this process, in fixed slots found by their PGconn's address.
//
// The owner's thread (the one inside a hook for that PGconn) writes a slot; a sweep, in any thread or in a
// signal handler, reads it and may claim it. Neither waits for the other:
//   - `life` holds a generation and a State. A claim is one compare-and-swap,
//     which fails if the slot changed hands since it was looked at.
//   - `inside` is set while the owner is in libpq. The owner sets it before it looks at `life`; a sweep
//     claims before it looks at `inside`: at least one of them sees the other.
//   - `pins` keeps a slot from being reused while a sweep works on it.
// find() takes no lock and allocates nothing; add() and remove() take one for a few instructions.
// All-zero bytes are an empty table. Only what the kernel knows of a connection (descriptor, cookie) is
// needed to close it: a PGconn is never touched by a thread that is not its owner.
#pragma once

#include "shim/base/lock.hh"
#include "shim/base/relaxed.hh"
#include "shim/table/backing.hh"
#include "shim/table/text_pool.hh"
#include "shim/table/words.hh"

#include <atomic>
#include <cstdint>

using PGconn = struct pg_conn; // libpq's; only its address means something here

namespace pqsweep {

class Libpq;

// The backend waits for the client's next message, and libpq has no half-written one.
constexpr bool is_waiting(Activity a) {
    return a == Activity::idle || a == Activity::transaction || a == Activity::failed;
}
constexpr bool is_busy(Activity a) {
    return a == Activity::running || a == Activity::copy || a == Activity::pipeline;
}

// `reviving`: it was swept, and its owner is reconnecting it. A sweep that comes in between makes it swept again, the
// straggler that it was.
enum class State : uint32_t { free, live, swept, reviving };

// What a child process did with a connection of its parent's, noted in its own copy of the slot. `gone`: by that
// child's parent, so the PGconn's address may be anything now.
struct InChild {
    static constexpr uint8_t used = 1, finished = 2, gone = 4;
};

struct alignas(128) Connection {
    std::atomic<const PGconn*> conn;
    const Libpq* libpq;
    Relaxed<uint64_t> cookie;   // of the socket; 0: none yet
    Relaxed<int64_t> opened_at; // CLOCK_MONOTONIC, nanoseconds
    std::atomic<uint32_t> life; // see above; generation * 4 + State
    std::atomic<uint32_t> pins;
    std::atomic<bool> inside;
    std::atomic<bool> established; // counted in Table::live
    std::atomic<bool> counted;     // in Tag::opened
    Relaxed<Activity> activity;
    Relaxed<bool> encrypted;
    Relaxed<bool> shared_with_child; // a child process has the descriptor too
    Relaxed<bool> mid_message;       // libpq may hold part of a message from the server
    Relaxed<bool> has_reason;        // its owner has been given the reason for its end
    Relaxed<bool> is_unrestorable;
    Relaxed<bool> has_session; // there is something in its Session
    Relaxed<uint8_t> glances;  // see revive::can_wait
    Relaxed<uint8_t> in_child; // of InChild
    Relaxed<uint16_t> port;
    Relaxed<int> fd; // -1: none
    Relaxed<int> backend_pid;
    Relaxed<uint32_t> epoch; // tag::epoch() of its last use; 0: opened while no tag was set, never swept
    Relaxed<TextId> tag;     // under which it was opened, and the test
    Relaxed<TextId> test;
    Relaxed<TextId> database;
    Relaxed<TextId> user;
    Relaxed<TextId> host;
    Relaxed<TextId> application;
    Relaxed<TextId> line;            // of the program that opened it, see Origin
    Relaxed<TextId> last_test;       // the test that used it last
    Relaxed<uint32_t> conninfo;      // the number of what it was made with, see introduce.hh
    Relaxed<uint32_t> uses;          // grows with each call that moves it on
    Relaxed<uint32_t> number;        // of all that this process opened, from 1 on
    Relaxed<uint32_t> sweep;         // the sweep that claimed it
    std::atomic<uint32_t> straggler; // its record in Stragglers, complete once this is set; 0: none (yet)
    std::atomic<uint32_t> next;      // in its bucket
    uint32_t next_free;

    State state() const { return state_of(life.load(std::memory_order_seq_cst)); }
    static State state_of(uint32_t life) { return State(life & 3); }
    static uint32_t with(uint32_t life, State state) { return (life & ~3u) | static_cast<uint32_t>(state); }
};
static_assert(sizeof(Connection) == 128);

class Connections {
public:
    static constexpr uint32_t capacity = 65536;

    Connection* find(const PGconn* conn) {
        for (;;) {
            uint32_t version = version_.load(std::memory_order_acquire);
            uint32_t i = buckets_[bucket_of(conn)].load(std::memory_order_acquire);
            for (uint32_t steps = 0; i && steps < capacity; steps++) {
                Connection& c = slots_[i];
                if (c.conn.load(std::memory_order_relaxed) == conn)
                    return &c;
                i = c.next.load(std::memory_order_acquire);
            }
            // A hit is always right: its owner holds it. A miss counts only if nothing moved meanwhile.
            if (!(version & 1) && version_.load(std::memory_order_acquire) == version)
                return nullptr;
        }
    }

    // A live slot for a new PGconn, zeroed but for conn, libpq and fd; null when the table is full.
    Connection* add(const PGconn* conn, const Libpq* libpq);
    // Makes the slot free; answers what it was.
    State remove(Connection& connection);

    // The number of its slot, from 1 to capacity: what is kept of a connection elsewhere is found by it.
    uint32_t slot_of(const Connection& connection) const {
        return static_cast<uint32_t>(&connection - slots_);
    }

    // Calls visit(Connection&) for every slot that was ever used; safe beside add() and remove().
    template<class Visit>
    void each(Visit visit) {
        for (uint32_t i = 1, n = highest(); i <= n; i++)
            visit(slots_[i]);
    }

    // In the child of a fork, where whoever was changing a bucket does not exist.
    void forget_writers() { version_.store(0, std::memory_order_relaxed); }

    // Connections that the program got and that found no room.
    void note_untracked() { untracked_.add(1); }
    uint32_t untracked() const { return untracked_; }

    Part part() { return part_of(this, &high_water_, slots_ + highest() + 1); }
    Backing& backing() { return backing_; }

private:
    static constexpr uint32_t bucket_count = 1 << 16;
    static uint32_t bucket_of(const PGconn* conn) {
        return static_cast<uint32_t>((reinterpret_cast<uintptr_t>(conn) >> 4) * 0x9e3779b97f4a7c15u >> 48);
    }
    // What a removed slot holds instead of a PGconn's address. A reader may still be standing on it.
    static const PGconn* nobody() { return reinterpret_cast<const PGconn*>(1); }
    uint32_t take_free();
    uint32_t highest() const {
        uint32_t n = high_water_.load(std::memory_order_acquire);
        return n < capacity ? n : capacity;
    }

    Lock lock_;
    Backing backing_;
    std::atomic<uint32_t> version_; // odd while a bucket changes
    Relaxed<uint32_t> untracked_;
    uint32_t first_free_;
    std::atomic<uint32_t> buckets_[bucket_count];
    alignas(mapping_unit) std::atomic<uint32_t> high_water_; // from here on: on the board
    Connection slots_[capacity + 1];                         // the first stays unused: 0 means none
};

} // namespace pqsweep
