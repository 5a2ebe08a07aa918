// The table: all that pqsweep knows of this process, in one mapping. The first connection makes it, and it is touched page
// by page as it fills; a process that never connects has none.
//
//     offset 0                      sizeof(Table)                                                              size()
//     +-----------+-----------------+-------+------+-------------+--------+-------------+---------+---------+---------+
//     | TableHead | the stores'     | texts | tags | connections | tags:  | connections | strag-  | origins | held    |
//     |           | locks, buckets  |       |      |             | places | : in fork   | glers   |         | numbers |
//     +-----------+-----------------+-------+------+-------------+--------+-------------+---------+---------+---------+
//     | board     |                 | board                      |
//
// Parts of one kind lie side by side, so that a fork has few mappings to copy.
// What is on the board is a mapping of the board's file at the same offset (board.hh). Each such part begins on a multiple
// of mapping_unit. The rest (locks, indexes, records) is memory of the process alone.
//
// The stores' arrays lie behind the Table, and a store has the address of its own. So a table can be smaller than a whole one: the
// sizes come in steps, and at each step every array has half the elements. A process whose address space or data is limited
// (RLIMIT_AS, RLIMIT_DATA) gets the largest table that takes an eighth of the limit. What does not fit is counted as with a whole
// table that is full.
//
// The address costs Connections::find() one load, of a cache line that it reads anyway. Two other ways cost more. Fixed offsets with
// holes in a small table would leave the holes to the program's own mappings, one wrong index away from our writes. A table that grows
// while it fills would need what the program has mapped behind it since, or an array of chunks, and could take at any time
// what the program needs next.
//
// After a fork the child has no table. If it meets a connection of its parent's, it makes a private copy of the parent's table, and at its
// first connection one of its own.
#pragma once

#include "shim/base/process_page.hh"
#include "shim/table/backing.hh"
#include "shim/table/board.hh"
#include "shim/table/connections.hh"
#include "shim/table/held_numbers.hh"
#include "shim/table/mailbox.hh"
#include "shim/table/origins.hh"
#include "shim/table/stragglers.hh"
#include "shim/table/tags.hh"
#include "shim/table/text_pool.hh"

#include <atomic>
#include <sys/types.h>

namespace pqsweep {

// The handler that PQSWEEP_SIGNAL has. `none`: no signal is wanted.
enum class Handler : uint8_t { none, ours, programs };

struct TableHead {
    board::Identity identity;
    Mailbox mailbox;
    Relaxed<int> signal; // of PQSWEEP_SIGNAL; 0: none
    Relaxed<Handler> handler;
    pid_t pid;
    TextId run_socket;          // the socket of the `pqsweep run` that watches this process, see introduce.hh
    Relaxed<TextId> tag;        // the current one; `none` outside tags
    Relaxed<TextId> fixture;    // the one that is being set up; `none` while no fixture is
    Relaxed<uint32_t> epoch;    // grows whenever a tag ends, or is swept before its end; never 0
    Relaxed<uint32_t> numbered; // connections that were given a number
    Relaxed<uint32_t> live;     // open connections
};

struct Table : TableHead {
    // A table can be halved so often: then it holds 1,024 connections, and fits a limit of 14 MB. libpq does not run with less.
    static constexpr unsigned most_halvings = 6;

    alignas(mapping_unit) TextPool texts;
    Tags tags;
    Connections connections;
    Stragglers stragglers;
    Origins origins;
    HeldNumbers held_numbers;
    Backing head_backing;
    unsigned halvings;

private:
    template<class Use>
    static constexpr auto with_stores(Use use) {
        return use(&Table::texts, &Table::tags, &Table::connections, &Table::stragglers, &Table::origins,
                   &Table::held_numbers);
    }
    static constexpr Room room_of(unsigned halvings) {
        return with_stores([halvings]<class... Store>(Store Table::*...) {
            return (Store::room(Store::most >> halvings) + ...);
        });
    }

public:
    static constexpr size_t size_of(unsigned halvings) {
        Room room = room_of(halvings);
        return sizeof(Table) + room.board + room.own;
    }
    // Up to the end of what is on the board.
    static constexpr size_t size_on_board(unsigned halvings) {
        return sizeof(Table) + room_of(halvings).board;
    }
    size_t size() const { return size_of(halvings); }

    // Gives the stores their arrays, in the size_of(times) bytes that begin with this Table. They are zero bytes.
    void lay_out(unsigned times) {
        halvings = times;
        char* board = reinterpret_cast<char*>(this + 1);
        char* own = board + room_of(times).board;
        auto settle = [&]<class Store>(Store& store) {
            store.settle(Store::most >> times, board, own);
            Room room = Store::room(Store::most >> times);
            board += room.board;
            own += room.own;
        };
        with_stores([&](auto... store) { (settle(this->*store), ...); });
    }

    // Calls visit(Part, Backing&) for all that is on the board.
    template<class Visit>
    void each_part(Visit visit) {
        auto* head = reinterpret_cast<char*>(this);
        auto size = static_cast<size_t>(reinterpret_cast<char*>(&texts) - head);
        visit(Part{head, sizeof(TableHead), sizeof(TableHead), size}, head_backing);
        visit(texts.part(), texts.backing());
        visit(tags.part(), tags.backing());
        visit(connections.part(), connections.backing());
    }

    // The innermost line of the program that opened the connection; `none`: not known.
    TextId opening_line(const Connection& c) const { return origins.of(connections.slot_of(c)).lines[0]; }
    bool was_ever_tagged() const { return tag != TextId::none || epoch > 1; }
};

namespace table {

// Null before the first connection, and in a forked child before its own first one. Async-signal-safe.
inline Table* existing() {
    return this_process().table.load(std::memory_order_acquire);
}

// Each returns an empty table, on no board; null when there is no memory for it. Then connections work untracked. The second one
// chooses the largest that these limits allow.
Table* create(unsigned halvings);
Table* create();

// Makes it the one that existing() returns.
void publish(Table& table);

// Makes a copy of the parent's table, in which this child of a fork notes what it does with the parent's connections. They are
// there as they were at the fork, or as they are now if the fork ran no handlers.
void inherit();
// inherit() keeps that copy here.
inline constinit std::atomic<Table*> inherited;
// Returns it; null if there is none.
inline Table* parents() {
    return inherited.load(std::memory_order_acquire);
}

// Returns a connection of the parent's, in that copy; null if `conn` is none, or was finished here.
Connection* find_in(Table& parents, const PGconn* conn);
// Returns the same, and null if there is no copy.
inline Connection* parents_connection(const PGconn* conn) {
    Table* table = parents();
    return table ? find_in(*table, conn) : nullptr;
}

} // namespace table
} // namespace pqsweep
