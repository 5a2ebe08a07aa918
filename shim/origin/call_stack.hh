// Notes the native call stack of a thread, as places in the files of the process.
#pragma once

#include "shim/origin/capture.hh"

namespace pqsweep::call_stack {

// Writes the calls that this thread is in to `calls`, as in Origin, without ours. libgcc_s walks by the unwind tables, which
// all code of Debian's has. It stops at code without them, such as a just-in-time compiler's.
//
// Context: any thread, not a signal handler. errno: can change. Locks: the one of the loader's list of objects; if prepare() was not
// called before, the loader's.
void note(TextPool& names, decltype(Origin::calls)& calls);

// Loads libgcc_s, unless it is there, or PQSWEEP_STACKS asks for no call stacks. For dlopen() and dlclose(): while they run a constructor or
// destructor, which can wait for a thread that connects, that thread can't load it [plugin_connects].
//
// Context: any thread, not a signal handler; it allocates. errno: kept. Locks: the loader's.
void prepare();

} // namespace pqsweep::call_stack
