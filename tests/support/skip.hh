// SKIP("reason"): ends a test case that can't run here; counted and printed.
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
