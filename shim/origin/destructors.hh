// Destructors: recognizes that an interpreter calls libpq because it drops an object, and not because the program says so.
//
//     Python    `__del__`; the callback of a weak reference by which SQLAlchemy's pool gets back what nobody gave back; its shutdown
//     Ruby      its garbage collector
//
// Python frees some objects without running code of Python's, as psycopg2's connections: no frame shows that.
#pragma once

namespace pqsweep::destructors {

// Returns whether this thread is inside of one. `caller`: the code that calls libpq.
//
// Context: any thread, not a signal handler. errno: can change. Locks: the one of the loader's list of objects.
bool is_running(const void* caller);

} // namespace pqsweep::destructors
