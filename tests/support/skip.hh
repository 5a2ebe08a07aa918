// SKIP("reason") ends a test case that can't run on this machine. The runner counts it and prints the reason.
#pragma once

#include <string>

namespace pqsweep::tests {

void note_skip(const std::string& reason);

} // namespace pqsweep::tests

#define SKIP(reason)                                                                                         \
    do {                                                                                                     \
        pqsweep::tests::note_skip(reason);                                                                   \
        return;                                                                                              \
    } while (false)
