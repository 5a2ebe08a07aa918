// The table: all that pqsweep knows of this process, in one mapping that is made at the first connection and
// touched page by page as it fills. A process that never connects has none.
#pragma once

#include "connections.hh"
#include "names.hh"
#include "stragglers.hh"
#include "tags.hh"

#include <atomic>
#include <sys/types.h>

namespace pqsweep {

struct Table {
    pid_t owner;
    Relaxed<Name> tag;          // the current one; `none` outside tags
    Relaxed<uint32_t> epoch;    // grows whenever a tag ends; never 0
    Relaxed<uint32_t> numbered; // connections that were given a number
    Relaxed<uint32_t> live;     // connections in CONNECTION_OK that are not swept
    Names names;
    Tags tags;
    Stragglers stragglers;
    Connections connections;

    bool was_ever_tagged() const { return tag != Name::none || epoch > 1; }

    // Whoever takes a connection out of service, by whatever way, calls this; true for the first one only.
    bool no_longer_live(Connection& c) {
        bool was = c.established.exchange(false, std::memory_order_acq_rel);
        if (was)
            live.add(-1u);
        return was;
    }
};

namespace table {

extern constinit std::atomic<Table*> current;

// Null before the first connection, and in a forked child before its own first one. Async-signal-safe.
inline Table* existing() {
    return current.load(std::memory_order_acquire);
}

// Null when there is no memory for it: connections then work untracked.
Table* create();

// In the child of a fork: the parent's table becomes what this process inherited. The mapping is private, so it is a
// copy, and kept to tell its connections and to note what becomes of them here.
void forget();
// Null where nothing was inherited.
Table* inherited();
// Null where it is none, or was finished here.
Connection* inherited(const PGconn* conn);

} // namespace table
} // namespace pqsweep
