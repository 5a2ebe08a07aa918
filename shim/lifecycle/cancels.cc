#include "shim/lifecycle/cancels.hh"

#include "shim/base/lock.hh"
#include "shim/lifecycle/per_connection.hh"

#include <cstring>

extern "C" [[gnu::weak]] size_t malloc_usable_size(void*) noexcept;

namespace pqsweep::cancels {

namespace {

// A PGcancel of the program's, and the connection that it is for.
struct HandedOut {
    PGcancel* cancel; // null: a free place
    uint32_t slot;
    uint32_t number; // of the connection in that slot
};
constinit Lock handing;
constinit HandedOut all_handed_out[1024];

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

// They are as long as the fresh one, since they come from the same libpq and server.
void renew_handed_out(const Table& table, const Connection& c, PGcancel* fresh) {
    if (!fresh || !malloc_usable_size)
        return;
    size_t size = malloc_usable_size(fresh);
    Lock::Guard guard(handing);
    for (const HandedOut& one : all_handed_out)
        if (one.cancel && one.slot == table.connections.slot_of(c) && one.number == c.number &&
            malloc_usable_size(one.cancel) == size)
            memcpy(one.cancel, fresh, size);
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
    PGcancel* fresh = c.libpq->PQgetCancel(const_cast<PGconn*>(conn));
    renew_handed_out(table, c, fresh);
    replace(table, c, fresh);
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

void handed_out(const Table& table, const Connection& c, PGcancel* cancel) {
    Lock::Guard guard(handing);
    for (HandedOut& place : all_handed_out) {
        if (place.cancel)
            continue;
        place = {cancel, table.connections.slot_of(c), c.number};
        return;
    }
}

void taken_back(PGcancel* cancel) {
    Lock::Guard guard(handing);
    for (HandedOut& one : all_handed_out)
        if (one.cancel == cancel)
            one.cancel = nullptr;
}

void forget_threads() {
    handing.reset();
}

} // namespace pqsweep::cancels
