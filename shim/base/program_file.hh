// Finds the file of the program that this process runs.
#pragma once

#include "shim/base/sys.hh"

namespace pqsweep {

// Writes the name into `buffer`, cut to its size, and returns it; empty if /proc does not have it.
// Context: any thread, signal handler. errno: kept. Locks: none.
inline std::string_view program_file(char* buffer, size_t size) {
    ssize_t length = sys::readlinkat(AT_FDCWD, "/proc/self/exe", buffer, size);
    return {buffer, length > 0 ? static_cast<size_t>(length) : 0};
}

} // namespace pqsweep
