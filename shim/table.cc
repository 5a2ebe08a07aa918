#include "table.hh"

#include <sys/mman.h>
#include <unistd.h>

namespace pqsweep::table {

constinit std::atomic<Table*> current;

namespace {

constinit std::atomic<Table*> inherited;

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
    Table* parents = current.exchange(nullptr, std::memory_order_acq_rel);
    if (!parents)
        return;
    parents->connections.forget_writers();
    inherited.store(parents, std::memory_order_release);
}

const Libpq* libpq_of_inherited(const PGconn* conn) {
    Table* parents = inherited.load(std::memory_order_acquire);
    Connection* c = parents ? parents->connections.find(conn) : nullptr;
    return c ? c->libpq : nullptr;
}

} // namespace pqsweep::table
