// The words for the errors of system calls that reach a warning.
#pragma once

#include <cerrno>
#include <string_view>

namespace pqsweep {

// Takes an errno, or what a system call returned: its negative.
constexpr std::string_view words_for_error(int error) {
    switch (error < 0 ? -error : error) {
    case EACCES:
        return "Permission denied";
    case EDQUOT:
        return "Disk quota exceeded";
    case EEXIST:
        return "File exists";
    case EFBIG:
        return "File too large";
    case EINVAL:
        return "Invalid argument";
    case EIO:
        return "Input/output error";
    case EISDIR:
        return "Is a directory";
    case ELOOP:
        return "Too many levels of symbolic links";
    case EMFILE:
        return "Too many open files";
    case ENAMETOOLONG:
        return "File name too long";
    case ENFILE:
        return "Too many open files in system";
    case ENOENT:
        return "No such file or directory";
    case ENOMEM:
        return "Cannot allocate memory";
    case ENOSPC:
        return "No space left on device";
    case ENOTDIR:
        return "Not a directory";
    case ENXIO:
        return "No such device or address";
    case EPERM:
        return "Operation not permitted";
    case EPIPE:
        return "Broken pipe";
    case EROFS:
        return "Read-only file system";
    default:
        return "the system refused";
    }
}

} // namespace pqsweep
