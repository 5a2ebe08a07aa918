// Reads a thread's Python frames through the C API, from interpreters that have no function to dump them and
// publish no layout. That needs the GIL, and a thread that waits for it could wait for ever: the thread that has the GIL
// can wait for a lock of ours.
//
// So a thread takes the GIL only if it would take it again anyway when its call returns. That is so if a Python module
// calls libpq itself, or through ctypes. A library in between can hold a lock (ODBC's manager does). The thread does not
// take it once the interpreter finalizes, which ends a thread that asks for the GIL. And it does not take it beside
// subinterpreters: PyGILState_* knows nothing of them, and PyGILState_Check returns 1 to every thread once there was one.
// So PyThreadState_GetUnchecked says which thread has the GIL [stacks, with a copy of Python that can't dump].
#pragma once

#include "shim/origin/python_dump.hh"

namespace pqsweep::python {

// Visits the frames of the calling thread as each_frame() does, if that is safe. `interpreter` is an address in the
// object that holds the interpreter, and `state` is what PyGILState_GetThisThreadState() returns. An exception that is set
// stays set.
//
// Context: any thread, not a signal handler. errno: can change. Locks: the loader's; the GIL.
void each_frame_with_gil(const void* interpreter, const void* caller, void* state, Visit visit, void* data);

} // namespace pqsweep::python
