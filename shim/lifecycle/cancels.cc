#include "shim/lifecycle/cancels.hh"

#include "shim/base/lock.hh"
#include "shim/lifecycle/per_connection.hh"
#include "shim/real/elf_symbols.hh"

#include <algorithm>
#include <cstring>
#include <functional>

namespace pqsweep::cancels {

namespace {

struct Cancels {
    std::atomic<PGcancel*> ours;
    PGcancel* handed_out[3]; // those that the program has; null: a free place
};
constinit PerConnection<Cancels> cancels{};
constinit Lock handing;                 // out or back, and what is handed out
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
    if (PGcancel* former = cancels.of(table, c).ours.exchange(fresh, std::memory_order_acq_rel))
        c.libpq->PQfreeCancel(former);
}

bool has_handed_out(const Table& table, const Connection& c) {
    Lock::Guard guard(handing);
    return std::ranges::any_of(cancels.of(table, c).handed_out, std::identity());
}

// They are as long as the fresh one, since they come from the same libpq and server.
void renew_handed_out(const Table& table, const Connection& c, PGcancel* fresh) {
    if (!fresh || !has_handed_out(table, c))
        return;
    auto* malloc_usable_size =
        reinterpret_cast<size_t (*)(void*)>(elf_symbols::first_definition("malloc_usable_size"));
    if (!malloc_usable_size)
        return;
    size_t size = malloc_usable_size(fresh);
    Lock::Guard guard(handing);
    for (PGcancel* one : cancels.of(table, c).handed_out)
        if (one && malloc_usable_size(one) == size)
            memcpy(one, fresh, size);
}

} // namespace

// A sweep can put a PGcancel back after the slot's last owner has gone, and a fork leaves what was the parent's.
bool begin(Table& table, const Connection& c) {
    if (!cancels.reach(table, c))
        return false;
    forget(table, c);
    disown(table, c);
    return true;
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
    std::atomic<PGcancel*>& place = cancels.of(table, c).ours;
    PGcancel* cancel = place.exchange(nullptr, std::memory_order_acq_rel);
    if (!cancel)
        return;
    char error[256];
    c.libpq->PQcancel(cancel, error, sizeof error);
    put_back(place, cancel);
}

void handed_out(const Table& table, const Connection& c, PGcancel* cancel) {
    Lock::Guard guard(handing);
    auto& places = cancels.of(table, c).handed_out;
    auto place = std::ranges::find(places, static_cast<PGcancel*>(nullptr));
    if (place != std::end(places))
        *place = cancel;
}

void taken_back(PGcancel* cancel) {
    Lock::Guard guard(handing);
    cancels.each([=](Cancels& of_one) {
        std::ranges::replace(of_one.handed_out, cancel, static_cast<PGcancel*>(nullptr));
    });
}

void disown(const Table& table, const Connection& c) {
    Lock::Guard guard(handing);
    std::ranges::fill(cancels.of(table, c).handed_out, static_cast<PGcancel*>(nullptr));
}

void forget_threads() {
    handing.reset();
}

} // namespace pqsweep::cancels
