#include "shim/lifecycle/last_error.hh"

#include "shim/lifecycle/ledger.hh"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>

using namespace pqsweep;

TEST_SUITE_BEGIN("unit: last error");

TEST_CASE("an end without a reason: the reason, and libpq's message behind it as far as there is room") {
    Table& table = *table::create();
    Connection& c = *table.connections.add(reinterpret_cast<const PGconn*>(16), nullptr);
    Ledger ledger(table);
    ledger.begin(c);
    ledger.open(c);
    Straggler straggler{};
    straggler.tag = table.texts.intern("one.py");
    straggler.activity = Activity::running;
    REQUIRE(ledger.sweep(c, c.word.load(), straggler));
    for (size_t size : {0, 1, 100, 3'000, 10'000}) {
        CAPTURE(size);
        const std::string libpqs(size, 'e');
        const std::string told = last_error::of_untold_end(table, c, libpqs.c_str());
        CHECK(
            told.starts_with("FATAL:  terminating connection: pqsweep closed it when its test module ended\n"
                             "DETAIL:  Opened under tag \"one.py\", closed while a statement was running"));
        CHECK(told.ends_with(libpqs.substr(0, told.size() - told.rfind('\n') - 1)));
        CHECK(told.ends_with(libpqs) == (size < 10'000));
    }
}

TEST_SUITE_END();
