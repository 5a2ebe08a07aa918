#include "table.hh"

#include <sys/mman.h>
#include <unistd.h>

namespace pqsweep::table {

constinit std::atomic<Table*> current;

namespace {

constinit std::atomic<Table*> parents;

} // namespace

Table* create() {
    void* memory = mmap(nullptr, sizeof(Table), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return nullptr;
    auto* fresh = static_cast<Table*>(memory);
    fresh->owner = getpid();
    fresh->epoch = 1;
    return fresh;
}

void forget() {
    if (Table* table = current.exchange(nullptr, std::memory_order_acq_rel)) {
        table->connections.forget_writers();
        parents.store(table, std::memory_order_release);
    } else if (Table* grandparents = inherited()) {
        grandparents->connections.each([](Connection& c) {
            if (c.in_child)
                c.in_child = c.in_child & (InChild::finished | InChild::gone) ? InChild::gone : 0;
        });
    }
}

Table* inherited() {
    return parents.load(std::memory_order_acquire);
}

Connection* inherited(const PGconn* conn) {
    Table* table = inherited();
    Connection* c = table ? table->connections.find(conn) : nullptr;
    return c && !(c->in_child & (InChild::finished | InChild::gone)) ? c : nullptr;
}

} // namespace pqsweep::table
