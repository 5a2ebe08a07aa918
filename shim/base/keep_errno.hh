// KeepErrno: at its end errno is what it was at its beginning. What the shim does in a call is nothing that the
// program asked for.
#pragma once

#include <cerrno>

namespace pqsweep {

class KeepErrno {
public:
    KeepErrno() = default;
    ~KeepErrno() { errno = error_; }
    KeepErrno(const KeepErrno&) = delete;
    KeepErrno& operator=(const KeepErrno&) = delete;

private:
    int error_ = errno;
};

} // namespace pqsweep
