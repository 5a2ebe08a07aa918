// Text of Python's, as UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pqsweep::python {

// Writes a character to `out`, which has room for four bytes, and returns how many they are.
inline size_t put_utf8(char* out, uint32_t code) {
    if (code >= 0xdc80 && code <= 0xdcff) { // Python keeps a file name's byte so if it is not UTF-8
        out[0] = static_cast<char>(code & 0xff);
        return 1;
    }
    if (code < 0x80) {
        out[0] = static_cast<char>(code);
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = static_cast<char>(0x80 | (code & 0x3f));
    out[0] = static_cast<char>((0xf00 >> size & 0xff) | code);
    return size;
}

} // namespace pqsweep::python
