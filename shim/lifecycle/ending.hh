// Endings: says whether a swept connection that is finished or rolled back now is ended by its owner, or only dropped.
//
// A fixture that outlives the tests finishes its connection late, and that is no leak. A destructor does the same calls for
// a connection that everybody has forgotten, and that is one. libpq sees no difference, so the moment has to tell:
//
//     it happens                                                         then
//     in a garbage collector, a destructor, a weak reference's callback  the program drops it
//     after an adapter's last word, or while Python shuts down           the program drops it
//     in the body of a test of pytest's                                  unknown
//     at any other time                                                  its owner ends it
//
// For example, the last test of test_a.py fails with a Session in a local variable. pytest keeps the traceback until it calls
// the next test. Then the Session goes, SQLAlchemy's pool sends a ROLLBACK, and psycopg2 finishes a connection, all inside
// a call of test_b.py. With one worker more there is no next test, and the same happens when Python shuts down. The verdict must
// be the same.
//
// Context: owner thread, outside libpq. errno: kept. Locks: the loader's. It costs a look at the Python stack, for swept
// connections alone.
#pragma once

#include "shim/table/table.hh"

namespace pqsweep {

enum class Ending : uint8_t { by_owner, unknown, dropped };

namespace ending {

// `caller`: the code that calls libpq.
Ending of_now(Table& table, const void* caller);

} // namespace ending
} // namespace pqsweep
