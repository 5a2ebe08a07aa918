// Reads what Python code a thread is running, in a host that is Python or embeds it. The build needs no Python: the
// functions of the interpreter are found in the process, by name.
//
// Drivers connect without the GIL, and to wait for it could be to wait for ever: the thread that has the GIL can wait
// for a lock that the connecting library holds. The interpreter's own function for crashes needs no GIL. It writes the
// calling thread's frames to a descriptor, only reads, and allocates nothing. So the thread can be in any state: with the
// GIL (ctypes.PyDLL) or without it, at the end of the process, after a fork, in a subinterpreter [stacks].
//
// Python 3.6 to 3.8, 3.11, 3.12 and 3.15 export that function. Of 3.13 and 3.14, python_layout.hh reads the frames in
// memory. Of 3.9 and 3.10, and of free-threaded builds, python_gil.hh reads them, if that is safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace pqsweep::python {

struct Frame {
    std::string_view file;
    uint32_t line; // 0: unknown
    std::string_view function;
};
using Visit = void (*)(void* data, const Frame& frame);

constexpr int most_frames = 100;

// Visits the frames of the calling thread, the innermost first. Visits none if the thread has no Python state. `caller` is
// the code that calls libpq.
//
// Context: any thread, not a signal handler. errno: can change. Locks: the one of the loader's list of objects.
void each_frame(const void* caller, Visit visit, void* data);

// Returns whether this process's interpreter is shutting down. Its atexit handlers have run then, and it drops all objects.
//
// Context: any thread, not a signal handler. errno: can change. Locks: the one of the loader's list of objects.
bool is_finalizing();

} // namespace pqsweep::python
