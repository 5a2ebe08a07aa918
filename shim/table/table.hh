// The table: all that pqsweep knows of this process, in one mapping that is made at the first connection and
// touched page by page as it fills. A process that never connects has none. Its parts are on the board, where the
// tools see them (board.hh); the rest, indexes and locks among it, is memory of the process's own.
#pragma once

#include "shim/table/backing.hh"
#include "shim/table/board.hh"
#include "shim/table/connections.hh"
#include "shim/table/mailbox.hh"
#include "shim/table/origins.hh"
#include "shim/table/stragglers.hh"
#include "shim/table/tags.hh"
#include "shim/table/text_pool.hh"

#include <atomic>
#include <sys/types.h>

namespace pqsweep {

// Whose handler PQSWEEP_SIGNAL has: nobody's, because none is wanted; ours; the program's.
enum class Handler : uint8_t { none, ours, programs };

struct TableHead {
    board::Identity identity;
    Mailbox mailbox;
    Relaxed<int> signal; // of PQSWEEP_SIGNAL; 0: none
    Relaxed<Handler> handler;
    pid_t pid;
    TextId run;                 // PQSWEEP_RUN
    Relaxed<TextId> tag;        // the current one; `none` outside tags
    Relaxed<TextId> fixture;    // the one that is being set up; `none` while no fixture is
    Relaxed<uint32_t> epoch;    // grows whenever a tag ends, or is swept before its end; never 0
    Relaxed<uint32_t> numbered; // connections that were given a number
    Relaxed<uint32_t> live;     // open connections
};

struct Table : TableHead {
    TextPool texts;
    Tags tags;
    Connections connections;
    Stragglers stragglers;
    Origins origins;
    Backing head_backing;

    // Calls visit(Part, Backing&) for all that is on the board.
    template<class Visit>
    void each_part(Visit visit) {
        auto* head = reinterpret_cast<char*>(this);
        visit(Part{head, sizeof(TableHead), sizeof(TableHead)}, head_backing);
        visit(texts.part(), texts.backing());
        visit(tags.part(), tags.backing());
        visit(connections.part(), connections.backing());
    }

    bool was_ever_tagged() const { return tag != TextId::none || epoch > 1; }
};

namespace table {

// Where the current one's address is kept: in a page that the kernel empties in every child, also of a fork that runs no
// handlers. Such a child has no table, and can't write to its parent's.
extern constinit std::atomic<std::atomic<Table*>*> place;

// Null before the first connection, and in a forked child before its own first one. Async-signal-safe.
inline Table* existing() {
    return place.load(std::memory_order_acquire)->load(std::memory_order_acquire);
}

// An empty one, on no board; null when there is no memory for it: connections then work untracked.
Table* create();

// Whether the kernel keeps that promise; to be asked after create().
bool is_lost_in_forks();

// From now on it exists.
void publish(Table& table);

// In the child of a fork: a copy of the parent's table becomes what this process inherited, kept to tell its connections
// and to note what becomes of them here.
void forget();
// Null where nothing was inherited.
Table* parents();
// Null where it is none, or was finished here.
Connection* parents_connection(const PGconn* conn);

} // namespace table
} // namespace pqsweep
