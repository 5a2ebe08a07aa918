// Reads a thread's Python frames in memory, by the layout that the interpreter publishes for debuggers.
//
// Python 3.13 and 3.14 export no function that dumps a stack. But their variable _PyRuntime begins with a table of words,
// _Py_DebugOffsets, which says where in each of the interpreter's structures a field is:
//
//   "xdebugpy" │ version │ is free-threaded │ runtime… │ interpreter… │ thread… │ frame… │ code… │ … │ bytes… │ str… │ …
//
//   thread state ─▶ frame ─▶ frame ─▶ …      executable ─▶ code object: file, function, table of lines
//                     └ previous ┘           instruction ─▶ place in its bytes, so the line
//
// A thread's own frames hold still while it is in a call, and what they refer to does not change. So this needs no GIL,
// allocates nothing, and takes no lock, in whatever state the interpreter is [stacks].
#pragma once

#include "shim/origin/python_dump.hh"

namespace pqsweep::python {

// Visits the frames of the calling thread as each_frame() does. Returns false, and visits none, if the interpreter
// publishes no layout that we know. `interpreter` is an address in the object that holds the interpreter, and `state` is
// what PyGILState_GetThisThreadState() returns.
//
// Context: any thread, not a signal handler. errno: kept. Locks: the one of the loader's list of objects.
bool each_frame_by_layout(const void* interpreter, const void* state, Visit visit, void* data);

} // namespace pqsweep::python
