#include "shim/table/table.hh"

#include "shim/base/sys.hh"

#include <algorithm>

namespace pqsweep::table {

namespace {

constinit std::atomic<Table*> own; // as existing(), but in a child still its parent's

// A mapping that begins on a multiple of mapping_unit.
void* reserve(size_t size) {
    size_t with_slack = size + mapping_unit;
    void* memory = map_by_page(nullptr, with_slack, MAP_PRIVATE | MAP_ANONYMOUS);
    if (!memory)
        return nullptr;
    auto* begin = static_cast<char*>(memory);
    size_t before = -reinterpret_cast<uintptr_t>(begin) % mapping_unit;
    if (before)
        sys::munmap(begin, before);
    sys::munmap(begin + before + size, with_slack - before - size);
    sys::madvise(begin + before, size, MADV_NOHUGEPAGE); // it is to be touched page by page
    return begin + before;
}

} // namespace

Table* create(unsigned halvings) {
    static_assert(sizeof(Table) % mapping_unit == 0 && alignof(Table) == mapping_unit);
    void* memory = reserve(Table::size_of(halvings));
    if (!memory)
        return nullptr;
    auto* fresh = static_cast<Table*>(memory);
    fresh->lay_out(halvings);
    fresh->pid = sys::getpid();
    fresh->epoch = 1;
    return fresh;
}

// If the address space or the data is limited, the program needs it more than the table.
Table* create() {
    rlim_t most = RLIM_INFINITY;
    rlimit limit;
    for (int resource : {RLIMIT_AS, RLIMIT_DATA})
        if (sys::getrlimit(resource, limit) == 0)
            most = std::min(most, limit.rlim_cur / 8);
    unsigned halvings = 0;
    while (halvings <= Table::most_halvings && Table::size_of(halvings) > most)
        halvings++;
    return halvings <= Table::most_halvings ? create(halvings) : nullptr;
}

void publish(Table& table) {
    own.store(&table, std::memory_order_release);
    process_page::writable().table.store(&table, std::memory_order_release);
}

void inherit() {
    if (Table* table = own.exchange(nullptr, std::memory_order_acq_rel)) {
        if (!board::unshare(*table))
            return;
        table->connections.return_to_fork();
        inherited.store(table, std::memory_order_release);
    } else if (Table* grandparents = parents()) {
        grandparents->connections.each([](Connection& c) {
            if (c.in_child)
                c.in_child = c.in_child & (InChild::finished | InChild::gone) ? InChild::gone : 0;
        });
    }
}

Connection* find_in(Table& parents, const PGconn* conn) {
    Connection* c = parents.connections.find(conn);
    return c && !(c->in_child & (InChild::finished | InChild::gone)) ? c : nullptr;
}

} // namespace pqsweep::table
