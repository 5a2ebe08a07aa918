#include "shim/table/connections.hh"

#include <cstring>

namespace pqsweep {

// Passes over a slot that a sweep still reads; it stays on the list for the next caller.
uint32_t Connections::take_free() {
    for (uint32_t* link = &first_free_; *link; link = &board_->slots[*link].next_free) {
        uint32_t i = *link;
        if (board_->slots[i].pins.load(std::memory_order_seq_cst) == 0) {
            *link = board_->slots[i].next_free;
            return i;
        }
    }
    uint32_t fresh = board_->high_water.load(std::memory_order_relaxed) + 1;
    if (fresh > capacity_ || !backing_.reaches(&board_->slots[fresh + 1]))
        return 0;
    board_->high_water.store(fresh, std::memory_order_release);
    return fresh;
}

Connection* Connections::add(const PGconn* conn, const Libpq* libpq) {
    Lock::Guard guard(lock_);
    uint32_t i = take_free();
    if (!i)
        return nullptr;
    Connection* c = &board_->slots[i];

    c->conn.store(conn, std::memory_order_relaxed);
    c->libpq = libpq;
    c->cookie = 0;
    c->opened_at = 0;
    c->inside.store(false, std::memory_order_relaxed);
    c->activity = Activity::connecting;
    c->encrypted = c->shared_with_child = c->mid_message = c->has_reason = false;
    c->hindrance = Hindrance::none;
    c->in_session = c->glances = c->in_child = 0;
    c->elsewhere = 0;
    c->fd = -1;
    c->backend_pid = 0;
    c->lifetime = Lifetime();
    c->opened_by_fixture = false;
    c->sweep = 0;
    c->tag = c->test = c->database = c->user = c->host = c->application = TextId::none;
    c->chain = c->last_test = TextId::none;
    c->uses = c->conninfo = 0;
    c->port = 0;

    version_.fetch_add(1, std::memory_order_acq_rel);
    auto& bucket = buckets_[bucket_of(conn)];
    c->next.store(bucket.load(std::memory_order_relaxed), std::memory_order_release);
    bucket.store(i, std::memory_order_release);
    version_.fetch_add(1, std::memory_order_acq_rel);
    return c;
}

void Connections::copy(Connection* to, const Connection* from, uint32_t count) {
    memcpy(static_cast<void*>(to), static_cast<const void*>(from), count * sizeof(Connection));
}

void Connections::begin_fork() {
    forks_.fetch_add(1, std::memory_order_relaxed);
    each([](Connection& c) { c.shared_with_child = true; });
    highest_in_fork_ = highest();
    copy(in_fork_, board_->slots + 1, highest_in_fork_);
}

void Connections::end_fork() {
    int forks = forks_.load(std::memory_order_relaxed);
    while (forks > 0 && !forks_.compare_exchange_weak(forks, forks - 1, std::memory_order_relaxed)) {
    }
}

void Connections::return_to_fork() {
    version_.store(0, std::memory_order_relaxed); // the child has no thread that was changing a bucket
    if (forks_.exchange(0, std::memory_order_relaxed) == 0)
        return;
    board_->high_water.store(highest_in_fork_, std::memory_order_relaxed);
    copy(board_->slots + 1, in_fork_, highest_in_fork_);
}

void Connections::remove(Connection& c) {
    c.word.move(c.word.load(), State::free);
    Lock::Guard guard(lock_);
    uint32_t i = slot_of(c);
    version_.fetch_add(1, std::memory_order_acq_rel);
    std::atomic<uint32_t>* link = &buckets_[bucket_of(c.conn.load(std::memory_order_relaxed))];
    while (link->load(std::memory_order_relaxed) != i)
        link = &board_->slots[link->load(std::memory_order_relaxed)].next;
    link->store(c.next.load(std::memory_order_relaxed), std::memory_order_release);
    version_.fetch_add(1, std::memory_order_acq_rel);
    c.conn.store(nobody(), std::memory_order_relaxed);
    c.next_free = first_free_;
    first_free_ = i;
}

} // namespace pqsweep
