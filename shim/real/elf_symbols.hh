// Reads the symbol tables of the objects that the loader has loaded. Unlike dlsym(), it finds a symbol that the caller
// is not bound to: in an object of any scope.
//
// Context: any thread, not a signal handler. errno: can change. Locks: the loader's, inside loader_gate, except where
// a comment says that the caller holds it.
#pragma once

#include <link.h>

namespace pqsweep::elf_symbols {

// Returns an object's dynamic section; null if it has none.
const ElfW(Dyn) * dynamic_of(const dl_phdr_info& info);

// Returns the address of `name` in the object that is loaded at `base`; null if the object does not define it. The
// caller holds the loader's lock, so that the object stays.
void* definition(ElfW(Addr) base, const ElfW(Dyn) * dynamic, const char* name);

// Returns how many objects the loader has ever loaded. A caller that gets the number of its last search knows that it
// would find the same again.
unsigned long long objects_loaded();

// Returns the address of `name` in the object that contains `address`; null if that object does not define it.
void* definition_around(const void* address, const char* name);

// Returns the address of `name` in the first object that defines it, and keeps that object loaded; null if there is
// none.
void* first_definition(const char* name);

} // namespace pqsweep::elf_symbols
