// Connections: every connection of this process, in fixed slots that are found by their PGconn's address.
//
// Each libpq call begins with find(), so that takes no lock and touches two cache lines in the normal case. The slots are
// also the whole memory of a sweep, which can come in any thread and in a signal handler: libpq can't be asked there, since
// a PGconn belongs to the thread that uses it. So the owner thread (the one that is in a call with that PGconn) notes in
// the slot what a sweep needs. To close a connection that is its descriptor, and the cookie by which the kernel tells its
// socket from a later one with the same number.
//
// Owner and sweep never wait for each other:
//   - `word` says how far the connection has come. A sweep takes a connection by one compare-and-swap, which fails if
//     anything has happened since it looked (state_word.hh, lifecycle/ledger.hh).
//   - `inside` is true while the owner is in libpq. The owner sets it before it looks at `word`, and a sweep claims before
//     it looks at `inside`: at least one of them sees the other.
//   - `pins` counts the sweeps that still read the slot. add() passes over a slot that has one.
//
// For example, PQexec on a connection that another thread is sweeping: its hook sets `inside`, and finds `word` open. Then
// the sweep claims, finds `inside` set, and knows that a Terminate could land in the middle of what libpq writes. So it
// shuts the socket down and sends a cancel, and PQexec returns libpq's error. A moment earlier the hook would have found
// `word` swept, and would have revived the connection.
//
//     buckets_               slots_
//    +---+                  +-----+------+-----+
//    | 7 |----- hash ------▶|  7  | word | ... |
//    | 0 |                  |     | next = 3   |──┐
//    |   |                  +------------------+  │
//    |   |                  |  3               |◀─┘
//    +---+                  +------------------+
//
// A slot costs 128 bytes; 65,536 connections can be open at a time, and fewer in a smaller table (table.hh). add() and
// remove() take a lock for a few instructions.
// Context: find() and each() any thread, signal handler; add() and remove() the owner thread. errno: kept.
// All-zero bytes are an empty table.
#pragma once

#include "shim/base/lock.hh"
#include "shim/base/relaxed.hh"
#include "shim/table/backing.hh"
#include "shim/table/lifetime.hh"
#include "shim/table/state_word.hh"
#include "shim/table/text_pool.hh"
#include "shim/table/words.hh"

#include <atomic>
#include <cstddef>
#include <cstdint>

using PGconn = struct pg_conn; // libpq's; only its address means something here

namespace pqsweep {

class Libpq;

// The server waits for the client's next message, and libpq has not written a part of one.
constexpr bool is_waiting(Activity a) {
    return a == Activity::idle || a == Activity::transaction || a == Activity::failed;
}
constexpr bool is_busy(Activity a) {
    return a == Activity::running || a == Activity::copy || a == Activity::pipeline;
}

// PQgetResult has something to do: a lost connection can have the result that says so.
constexpr bool can_have_results(Activity a) {
    return is_busy(a) || a == Activity::lost;
}

// What a child process did with a connection of its parent's, noted in its own copy of the slot. `gone`: the child's parent
// had finished it, so another object might have the PGconn's address now.
struct InChild {
    static constexpr uint8_t used = 1, finished = 2, gone = 4;
};

// How a connection was used away from where it was opened. `used`: under another tag than that one. `read`: a thread has read what
// the server sent to another.
struct Elsewhere {
    static constexpr uint8_t used = 1, read = 2;
};

// Sums up a connection's Session. `doubt`: it can't be restored for certain. `timeout`: a statement that waits too
// long ends by itself. `lock`: it holds a session advisory lock. `question`: the server can say what the
// doubt comes to.
struct InSession {
    static constexpr uint8_t something = 1, doubt = 2, timeout = 4, lock = 8, question = 16;
};

struct alignas(128) Connection {
    std::atomic<const PGconn*> conn;
    const Libpq* libpq;
    StateWord word;
    Relaxed<uint64_t> cookie;   // of the socket; 0: none yet
    Relaxed<int64_t> opened_at; // CLOCK_MONOTONIC, nanoseconds
    std::atomic<uint16_t> pins;
    Relaxed<uint16_t> thread; // the mark of the thread that used it last, see tracker::mark_of_this_thread
    std::atomic<bool> inside;
    Relaxed<Activity> activity;
    Relaxed<bool> encrypted;
    Relaxed<bool> shared_with_child; // a child process has the descriptor too
    Relaxed<bool> mid_message;       // libpq may hold part of a message from the server
    Relaxed<bool> has_reason;        // its owner has been given the reason for its end
    Relaxed<Hindrance> hindrance;    // of its revival
    Relaxed<uint8_t> in_session;     // of InSession
    Relaxed<uint8_t> glances;        // see revive::can_wait
    Relaxed<uint8_t> in_child;       // of InChild
    Relaxed<bool> opened_by_fixture;
    Relaxed<uint8_t> elsewhere; // of Elsewhere
    Relaxed<uint16_t> port;
    Relaxed<uint16_t> used_at; // when a call left it in a transaction, see tracker::milliseconds
    Relaxed<int> fd;           // -1: none
    Relaxed<int> backend_pid;
    Relaxed<Lifetime> lifetime;
    Relaxed<TextId> tag; // the fixture or tag that opened it, and the test
    Relaxed<TextId> test;
    Relaxed<TextId> database;
    Relaxed<TextId> user;
    Relaxed<TextId> host;
    Relaxed<TextId> application;
    Relaxed<TextId> chain;      // the lines of the program that opened it, see origin::whole_chain
    Relaxed<TextId> last_test;  // the test that used it last
    Relaxed<uint32_t> conninfo; // the number of what it was made with, see introduce.hh
    Relaxed<uint32_t> uses;     // grows with each call that moves it on
    Relaxed<uint32_t> number;   // of all that this process opened, from 1 on
    Relaxed<uint32_t> sweep;    // the sweep that claimed it
    std::atomic<uint32_t> next; // in its bucket
    uint32_t next_free;

    void note(uint8_t what) { elsewhere = static_cast<uint8_t>(elsewhere | what); }
    bool was_used_elsewhere() const { return elsewhere & Elsewhere::used; }
    bool was_read_elsewhere() const { return elsewhere & Elsewhere::read; }
    bool has_session() const { return in_session & InSession::something; }
    bool is_doubtful() const { return in_session & InSession::doubt; }
    bool can_be_asked() const { return in_session & InSession::question; }
    bool has_timeout() const { return in_session & InSession::timeout; }
    bool holds_lock() const { return in_session & InSession::lock; }
    State state() const { return word.load().state(); }
    // Its record in Stragglers; 0: none.
    uint32_t straggler() const { return word.load().straggler(); }
};
static_assert(sizeof(Connection) == 128);

class Connections {
public:
    static constexpr uint32_t most = 65536; // in a whole table
    static constexpr Room room(uint32_t capacity) {
        return {.board = whole_units(offsetof(OnBoard, slots) + (capacity + 1) * sizeof(Connection)),
                .own = whole_units(capacity * sizeof(Connection))};
    }
    void settle(uint32_t capacity, char* board, char* own) {
        capacity_ = capacity;
        board_ = reinterpret_cast<OnBoard*>(board);
        in_fork_ = reinterpret_cast<Connection*>(own);
    }

    Connection* find(const PGconn* conn) {
        Connection* slots = board_->slots;
        for (;;) {
            uint32_t version = version_.load(std::memory_order_acquire);
            uint32_t i = buckets_[bucket_of(conn)].load(std::memory_order_acquire);
            for (uint32_t steps = 0; i && steps < most; steps++) {
                Connection& c = slots[i];
                if (c.conn.load(std::memory_order_relaxed) == conn)
                    return &c;
                i = c.next.load(std::memory_order_acquire);
            }
            // A hit is right: no other thread removes the owner's slot. A miss is right only if no bucket has changed.
            if (!(version & 1) && version_.load(std::memory_order_acquire) == version)
                return nullptr;
        }
    }

    // Returns a slot for a new PGconn; null when the table is full. Its state is free, and nothing is known of it, so
    // sweeps pass it over until its connection begins. (`number` and its Origin are still the last connection's.)
    Connection* add(const PGconn* conn, const Libpq* libpq);
    // Makes the slot of a connection that is over free for another.
    void remove(Connection& connection);

    // The number of its slot, from 1 to capacity: what is kept of a connection elsewhere is found by it.
    uint32_t slot_of(const Connection& connection) const {
        return static_cast<uint32_t>(&connection - board_->slots);
    }

    // Calls visit(Connection&) for every slot that was ever used.
    template<class Visit>
    void each(Visit visit) {
        Connection* slots = board_->slots;
        for (uint32_t i = 1, n = highest(); i <= n; i++)
            visit(slots[i]);
    }

    // A fork begins: each connection is shared with a child from now on, which gets the slots as they are now.
    void begin_fork();
    // The fork is over in the parent.
    void end_fork();
    // The slots belong to the child now: makes them what they were when the fork began, if that was noted.
    void return_to_fork();

    // Connections for which there was no room.
    void note_untracked() { untracked_.add(1); }
    uint32_t untracked() const { return untracked_; }

    Part part() { return part_from(board_, board_->slots + highest() + 1, room(capacity_).board); }
    Backing& backing() { return backing_; }

private:
    static constexpr uint32_t bucket_count = 1 << 16;
    static uint32_t bucket_of(const PGconn* conn) {
        return static_cast<uint32_t>((reinterpret_cast<uintptr_t>(conn) >> 4) * 0x9e3779b97f4a7c15u >> 48);
    }
    // What a removed slot holds instead of a PGconn's address: find() might be reading it.
    static const PGconn* nobody() { return reinterpret_cast<const PGconn*>(1); }
    uint32_t take_free();
    uint32_t highest() const {
        uint32_t n = board_->high_water.load(std::memory_order_acquire);
        return n < capacity_ ? n : capacity_;
    }

    static void copy(Connection* to, const Connection* from, uint32_t count);

    struct OnBoard {
        std::atomic<uint32_t> high_water;
        Connection slots[most + 1]; // the first stays unused: 0 means none
    };

    alignas(64) OnBoard* board_; // beside version_, for find()
    Connection* in_fork_;        // the slots when the latest fork began
    uint32_t capacity_;
    Lock lock_;
    Backing backing_;
    std::atomic<uint32_t> version_; // odd while a bucket changes
    Relaxed<uint32_t> untracked_;
    uint32_t first_free_;
    std::atomic<uint32_t> buckets_[bucket_count];
    std::atomic<int> forks_; // under way
    Relaxed<uint32_t> highest_in_fork_;
};

} // namespace pqsweep
