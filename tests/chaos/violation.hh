// Reports a violation: the doer prints it on standard output and dies, so that the checker sees it at once.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace pqsweep::chaos {

[[noreturn]] inline void violation(const std::string& what) {
    std::string line = "violation: " + what + "\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0)
        perror("doer");
    abort();
}

} // namespace pqsweep::chaos
