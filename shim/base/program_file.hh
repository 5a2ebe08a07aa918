// Finds the file of the program that this process runs, and its script's, if the program is an interpreter.
#pragma once

#include "shim/base/sys.hh"

namespace pqsweep {

// Writes the name into `buffer`, cut to its size, and returns it; empty if /proc does not have it.
// Context: any thread, signal handler. errno: kept. Locks: none.
inline std::string_view program_file(char* buffer, size_t size) {
    ssize_t length = sys::readlinkat(AT_FDCWD, "/proc/self/exe", buffer, size);
    return {buffer, length > 0 ? static_cast<size_t>(length) : 0};
}

// Writes the name of the first argument that is a file into `buffer`, and returns it; empty if there is none. An interpreter's is its
// script. What follows `-c`, `-e` or `-m` is none.
// Context: any thread, signal handler. errno: kept. Locks: none.
inline std::string_view script_file(char* buffer, size_t size) {
    int fd = sys::openat(AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : sys::read(fd, buffer, size);
    if (fd >= 0)
        sys::close(fd);
    std::string_view rest(buffer, length > 0 ? static_cast<size_t>(length) : 0);
    for (bool is_program = true; !rest.empty(); is_program = false) {
        size_t end = rest.find('\0');
        if (end == rest.npos) // it is cut
            break;
        std::string_view argument(rest.data(), end);
        rest.remove_prefix(end + 1);
        bool is_option = !argument.empty() && argument[0] == '-';
        if (is_option && argument.size() == 2 &&
            (argument[1] == 'c' || argument[1] == 'e' || argument[1] == 'm'))
            break;
        struct stat status;
        if (!is_program && !is_option && sys::fstatat(AT_FDCWD, argument.data(), status) == 0 &&
            S_ISREG(status.st_mode))
            return argument;
    }
    return {};
}

} // namespace pqsweep
