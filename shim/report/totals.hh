// Totals: adds up the connections of this process over all its tags.
//
// Context: any thread. errno: kept. Locks: none.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep {

struct Totals {
    uint32_t tags, opened, closed, revived, abandoned, late, pools, open;
    ByActivity<uint32_t> swept;
    int64_t revival;
};

namespace totals {

Totals of(Table& table);

// Returns whether it is open. When the process ends, such a connection is open at exit.
bool is_open(const Connection& connection);

// Returns whether this process used, finished or reset that connection of its parent's.
bool is_touched(const Connection& inherited);

// Return whether something has happened that PQSWEEP_FAIL_ON names: with own connections, with those of the parent's.
bool is_failure(Table& table);
bool is_inherited_a_failure(Table& parents);

} // namespace totals
} // namespace pqsweep
