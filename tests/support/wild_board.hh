// Reads boards of arbitrary bytes, which no shim wrote.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pqsweep::tests {

// Reads a board with a valid beginning, as each has that passes the first check. Everything else in it is these
// bytes, repeated. Aborts if what was read can't be printed.
void read_wild_board(const uint8_t* bytes, size_t size);

} // namespace pqsweep::tests
