// What Python code a thread is running, in hosts that are Python or have it inside.
//
// Nothing here needs Python to be built: its functions are looked for in the process, by name.
//
// Where there is one (3.6 to 3.8, 3.11, 3.12, 3.15), it is the interpreter's own function for crashes that is asked,
// which writes the calling thread's frames to a descriptor, reads only, allocates nothing and needs no lock. So the
// thread may be in any state: with the GIL (ctypes.PyDLL) or without it (every driver), at the end of the process, after
// a fork, in a subinterpreter, or holding a lock of its own that whoever has the GIL waits for.
//
// Elsewhere frames are read through the C API, with the GIL: see python_frames.hh for when that is safe.
#pragma once

#include <cstdint>
#include <string_view>

namespace pqsweep::python {

struct Frame {
    std::string_view file;
    uint32_t line; // 0: not known
    std::string_view function;
};
using Visit = void (*)(void* data, const Frame& frame);

constexpr int most_frames = 100;

// Visits the frames of the calling thread, the innermost first; none where it has no Python state. `caller` is the
// code that called us. Takes the loader's lock until it has found an interpreter; may change errno.
void each_frame(const void* caller, Visit visit, void* data);

} // namespace pqsweep::python
