// Totals: what the connections of this process come to, over all its tags.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep {

struct Totals {
    uint32_t tags, opened, closed, revived, abandoned, open;
    ByActivity<uint32_t> swept;
    int64_t revival;
};

namespace totals {

Totals of(Table& table);

// Whether it is open at exit, if that were now.
bool is_open(const Connection& connection);

// Whether something happened that PQSWEEP_FAIL_ON names.
bool is_failure(Table& table);

} // namespace totals
} // namespace pqsweep
