#include "shim/table/connections.hh"

namespace pqsweep {

namespace {

constinit std::atomic<PGcancel*> cancels[Connections::capacity + 1];
constinit std::atomic<PGcancel*> spent; // the first of a list that is linked through their own memory
constinit Session sessions[Connections::capacity + 1]{};

PGcancel*& next_of(PGcancel* cancel) {
    return *reinterpret_cast<PGcancel**>(cancel);
}

} // namespace

std::atomic<PGcancel*>& Connections::cancel(const Connection& connection) {
    return cancels[&connection - slots_];
}

void Connections::put_back(const Connection& connection, PGcancel* cancel) {
    PGcancel* none = nullptr;
    if (this->cancel(connection).compare_exchange_strong(none, cancel, std::memory_order_acq_rel))
        return;
    PGcancel* next = spent.load(std::memory_order_relaxed);
    do
        next_of(cancel) = next;
    while (!spent.compare_exchange_weak(next, cancel, std::memory_order_release));
}

void Connections::free_spent_cancels(const Libpq& libpq) {
    for (PGcancel* cancel = spent.exchange(nullptr, std::memory_order_acquire); cancel;) {
        PGcancel* next = next_of(cancel);
        libpq.PQfreeCancel(cancel); // every libpq's is free()
        cancel = next;
    }
}

Session& Connections::session(const Connection& connection) {
    return sessions[&connection - slots_];
}

// A slot that a sweep still works on is passed over; it stays on the list for the next caller.
uint32_t Connections::take_free() {
    for (uint32_t* link = &first_free_; *link; link = &slots_[*link].next_free) {
        uint32_t i = *link;
        if (slots_[i].pins.load(std::memory_order_seq_cst) == 0) {
            *link = slots_[i].next_free;
            return i;
        }
    }
    uint32_t fresh = high_water_.load(std::memory_order_relaxed) + 1;
    if (fresh > capacity || !backing_.reaches(&slots_[fresh + 1]))
        return 0;
    high_water_.store(fresh, std::memory_order_release);
    return fresh;
}

Connection* Connections::add(const PGconn* conn, const Libpq* libpq) {
    PGcancel* leftover = nullptr;
    Connection* c = nullptr;
    {
        Lock::Guard guard(lock_);
        uint32_t i = take_free();
        if (!i)
            return nullptr;
        c = &slots_[i];
        leftover = cancels[i].exchange(nullptr, std::memory_order_acq_rel);

        c->conn.store(conn, std::memory_order_relaxed);
        c->libpq = libpq;
        c->cookie = 0;
        c->opened_at = 0;
        c->inside.store(false, std::memory_order_relaxed);
        c->activity = Activity::connecting;
        c->established.store(false, std::memory_order_relaxed);
        c->counted.store(false, std::memory_order_relaxed);
        c->encrypted = c->shared_with_child = c->mid_message = c->has_reason = false;
        c->has_session = c->is_unrestorable = false;
        c->glances = c->in_child = 0;
        c->fd = -1;
        c->backend_pid = 0;
        c->epoch = c->sweep = 0;
        c->straggler = 0;
        c->tag = c->test = c->database = c->user = c->host = c->application = TextId::none;

        version_.fetch_add(1, std::memory_order_acq_rel);
        auto& bucket = buckets_[bucket_of(conn)];
        c->next.store(bucket.load(std::memory_order_relaxed), std::memory_order_release);
        bucket.store(i, std::memory_order_release);
        version_.fetch_add(1, std::memory_order_acq_rel);
        c->life.store(Connection::with(c->life.load(std::memory_order_relaxed) + 4, State::live),
                      std::memory_order_seq_cst);
    }
    // A sweep put it back after the slot's last owner had gone, or a fork left us the parent's. Every libpq's
    // PQfreeCancel is free().
    session(*c).forget(); // as above: a fork's
    result_in_progress(*c) = {};
    if (leftover)
        libpq->PQfreeCancel(leftover);
    return c;
}

State Connections::remove(Connection& c) {
    uint32_t life = c.life.load(std::memory_order_relaxed);
    PGcancel* cancel = cancels[&c - slots_].exchange(nullptr, std::memory_order_acq_rel);
    const Libpq* libpq = c.libpq;
    session(c).forget();
    {
        Lock::Guard guard(lock_);
        auto i = static_cast<uint32_t>(&c - slots_);
        while (!c.life.compare_exchange_weak(life, Connection::with(life + 4, State::free),
                                             std::memory_order_seq_cst)) {
        }
        version_.fetch_add(1, std::memory_order_acq_rel);
        std::atomic<uint32_t>* link = &buckets_[bucket_of(c.conn.load(std::memory_order_relaxed))];
        while (link->load(std::memory_order_relaxed) != i)
            link = &slots_[link->load(std::memory_order_relaxed)].next;
        link->store(c.next.load(std::memory_order_relaxed), std::memory_order_release);
        version_.fetch_add(1, std::memory_order_acq_rel);
        c.conn.store(nobody(), std::memory_order_relaxed);
        c.next_free = first_free_;
        first_free_ = i;
    }
    if (cancel)
        libpq->PQfreeCancel(cancel);
    return Connection::state_of(life);
}

} // namespace pqsweep
