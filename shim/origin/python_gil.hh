// A thread's Python frames through the C API, for interpreters that have no function to dump them. That needs the GIL,
// and a thread that waits for it could wait for ever: for whoever has it and waits for a lock that our thread holds.
//
// So the GIL is taken only where the thread would take it again anyway when its call returns: where libpq is called by a
// Python module itself, or through ctypes, and not by a library in between that may hold a lock (ODBC's manager does).
// And only where nothing else can go wrong: not once the interpreter finalizes, which ends a thread that asks for the
// GIL, and not beside subinterpreters, of which the thread's own state (PyGILState_*) knows nothing.
#pragma once

#include "shim/origin/python_dump.hh"

namespace pqsweep::python {

// `interpreter` is an address in the object that it is in; `state` is PyGILState_GetThisThreadState()'s. The caller's exception stays as it is. Takes the loader's lock.
void each_frame_with_gil(const void* interpreter, const void* caller, void* state, Visit visit, void* data);

} // namespace pqsweep::python
