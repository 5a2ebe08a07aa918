// Finds our hooks by name, for code that asks the loader for a libpq function instead of being bound to it.
//
// Context: any thread. errno: kept. Locks: none.
#pragma once

#include "shim/real/libpqs.hh"

namespace pqsweep {

// Returns the hook that stands for the function `name` of `libpq`; null if we wrap no such function. A hook that returns
// a new connection belongs to that libpq alone, because the hook can't know its caller's.
void* hook_of(const char* name, const Libpq& libpq);

// Returns the hook that every object of the process is bound to; null if we wrap no such function.
void* hook_of(const char* name);

} // namespace pqsweep
