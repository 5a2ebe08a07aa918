// What a loaded object defines, read from its symbol tables: whoever may see it, and without the loader's lock, which
// the caller holds so that the object stays.
#pragma once

#include <link.h>

namespace pqsweep {

// Null for an object without one.
const ElfW(Dyn) * dynamic_of(const dl_phdr_info& info);

// `name` in the object that is loaded at `base`; null if it does not define it.
void* definition(ElfW(Addr) base, const ElfW(Dyn) * dynamic, const char* name);

} // namespace pqsweep
