// Boards that no shim made.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pqsweep::tests {

// Reads a board that has these bytes, repeated, wherever the shim's would have something, and a good beginning, as do
// all that get past the first look. Aborts where what was read can't be printed.
void read_wild_board(const uint8_t* bytes, size_t size);

} // namespace pqsweep::tests
