// Notes the native call stack of a thread, as places in the files of the process.
#pragma once

#include "shim/origin/capture.hh"

namespace pqsweep::call_stack {

// Writes the calls that this thread is in to `calls`, as in Origin, without ours. glibc's backtrace() walks by the
// unwind tables, which all code of Debian's has. It stops at code without them, such as a just-in-time compiler's.
//
// Context: any thread, not a signal handler; it allocates, because backtrace() loads libgcc_s the first time. errno: can
// change. Locks: the loader's.
void note(TextPool& names, decltype(Origin::calls)& calls);

} // namespace pqsweep::call_stack
