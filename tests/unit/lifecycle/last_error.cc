#include "shim/lifecycle/last_error.hh"

#include "shim/lifecycle/ledger.hh"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

using namespace pqsweep;

TEST_SUITE_BEGIN("unit: last error");

TEST_CASE(
    "an end without a reason: libpq's message whole, and the reason behind it as far as there is room") {
    Table& table = *table::create();
    Connection& c = *table.connections.add(reinterpret_cast<const PGconn*>(16), nullptr);
    Ledger ledger(table);
    ledger.begin(c);
    ledger.open(c);
    Straggler straggler{};
    straggler.tag = table.texts.intern("one.py");
    straggler.activity = Activity::running;
    REQUIRE(ledger.sweep(c, c.word.load(), straggler));
    for (size_t size = 0; size < 2 * TextPool::longest; size++) {
        CAPTURE(size);
        const std::string libpqs = std::string(size, 'e') + "\n";
        const std::string told = last_error::of_untold_end(table, c, libpqs.c_str());
        CHECK(told.starts_with(libpqs));
        CHECK(told.size() <= std::max(libpqs.size(), TextPool::longest));
        bool has_room = libpqs.size() + 102 <= TextPool::longest;
        CHECK(
            (told.find(
                 "\npqsweep closed the connection when its test module ended. Opened under tag \"one.py\"") ==
             size) == has_room);
        CHECK(told.ends_with('\n'));
    }
}

TEST_SUITE_END();
