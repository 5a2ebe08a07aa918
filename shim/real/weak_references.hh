// Weak references: a program that can do without libpq refers to its functions weakly, and asks at run time whether they are
// there: `if (PQconnectdb)`. The loader binds such a reference to us, and the program would believe that it has a libpq.
//
// So we set those references to null that would be null without us. An object that comes later by dlopen() keeps its references:
// its calls return what libpq returns for a bad argument.
//
//     object's GOT                              what defines PQconnectdb
//    +-------------+
//    | PQconnectdb |──────▶ our hook            a library behind us: the reference stays
//    | ...         |──▶ 0   without a libpq     nothing
//    +-------------+
#pragma once

namespace pqsweep::real {

// Context: start-up, after the loader has bound all objects and before they run. errno: kept. Locks: the one of the loader's
// list of objects.
void unbind_weak_references();

} // namespace pqsweep::real
