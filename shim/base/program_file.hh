// The file of the program that this process runs.
#pragma once

#include <cstddef>
#include <string_view>
#include <unistd.h>

namespace pqsweep {

// Writes the name into `buffer`, cut to its size, and returns it; empty if /proc does not have it.
// Context: any thread, signal handler. errno: changed. Locks: none.
inline std::string_view program_file(char* buffer, size_t size) {
    ssize_t length = readlink("/proc/self/exe", buffer, size);
    return {buffer, length > 0 ? static_cast<size_t>(length) : 0};
}

} // namespace pqsweep
