// The native call stack of a thread, as places in the files of the process.
#pragma once

#include "shim/origin/capture.hh"

namespace pqsweep::call_stack {

// The calls that this thread is in, ours left out, as "file+0xoffset". glibc's backtrace() does the walking: by the
// unwind tables, which all code of Debian's has; it stops at code without them (just-in-time compilers'). Takes the
// loader's lock, and the first time loads libgcc_s, which allocates.
void note(TextPool& names, decltype(Origin::calls)& calls);

} // namespace pqsweep::call_stack
