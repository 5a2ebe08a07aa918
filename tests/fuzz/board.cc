// Lets libFuzzer call read_wild_board(): make fuzz.
#include "tests/support/wild_board.hh"

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    pqsweep::tests::read_wild_board(bytes, size);
    return 0;
}
