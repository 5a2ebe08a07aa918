#include "shim/lifecycle/cancels.hh"

#include "shim/lifecycle/per_connection.hh"

namespace pqsweep::cancels {

namespace {

constinit PerConnection<std::atomic<PGcancel*>> cancels{};
constinit std::atomic<PGcancel*> spent; // the first of a list that is linked through their own memory

PGcancel*& next_of(PGcancel* cancel) {
    return *reinterpret_cast<PGcancel**>(cancel);
}

void put_back(std::atomic<PGcancel*>& place, PGcancel* cancel) {
    PGcancel* none = nullptr;
    if (place.compare_exchange_strong(none, cancel, std::memory_order_acq_rel))
        return;
    PGcancel* next = spent.load(std::memory_order_relaxed);
    do
        next_of(cancel) = next;
    while (!spent.compare_exchange_weak(next, cancel, std::memory_order_release));
}

// Every libpq's PQfreeCancel is free(): any of them frees those of another.
void free_spent(const Libpq& libpq) {
    for (PGcancel* cancel = spent.exchange(nullptr, std::memory_order_acquire); cancel;) {
        PGcancel* next = next_of(cancel);
        libpq.PQfreeCancel(cancel);
        cancel = next;
    }
}

void replace(Table& table, const Connection& c, PGcancel* fresh) {
    if (PGcancel* former = cancels.of(table, c).exchange(fresh, std::memory_order_acq_rel))
        c.libpq->PQfreeCancel(former);
}

} // namespace

// A sweep can put a PGcancel back after the slot's last owner has gone, and a fork leaves what was the parent's.
bool begin(Table& table, const Connection& c) {
    bool has_memory = cancels.reach(table, c);
    if (has_memory)
        forget(table, c);
    return has_memory;
}

void keep(Table& table, const Connection& c, const PGconn* conn) {
    replace(table, c, c.libpq->PQgetCancel(const_cast<PGconn*>(conn)));
    free_spent(*c.libpq);
}

void forget(Table& table, const Connection& c) {
    replace(table, c, nullptr);
}

void send(Table& table, const Connection& c) {
    std::atomic<PGcancel*>& place = cancels.of(table, c);
    PGcancel* cancel = place.exchange(nullptr, std::memory_order_acq_rel);
    if (!cancel)
        return;
    char error[256];
    c.libpq->PQcancel(cancel, error, sizeof error);
    put_back(place, cancel);
}

} // namespace pqsweep::cancels
