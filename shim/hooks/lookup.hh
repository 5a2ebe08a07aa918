// The hooks, for code that asks the loader for a libpq function instead of being bound to it.
#pragma once

#include "shim/real/libpqs.hh"

namespace pqsweep {

// What stands for the function `name` of that libpq: our hook, or null where we wrap no such function. A hook that
// answers a new connection is tied to that libpq: who will call it can't be known.
void* hook_of(const char* name, const Libpq& libpq);

// Our hook as every object of the process is bound to it; null where we wrap no such function.
void* hook_of(const char* name);

} // namespace pqsweep
