// Strays: processes below `pqsweep run` that use libpq without the shim, because a wrapper on the way to them cleared the
// environment: tox, sudo, `env -i`, make's unexport.
#pragma once

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pqsweep::tools {

class Strays {
public:
    explicit Strays(std::chrono::milliseconds interval) : interval_(interval) {}
    // Takes a look at a process and all below it, once in an interval at most.
    void look(pid_t top);
    bool is_any() const { return !command_.empty(); }
    // Returns a line for the first of them: who started it, and where pqsweep belongs instead; empty if there is none.
    std::string line() const;

private:
    void look(pid_t pid, const std::string& wrapper);

    std::chrono::milliseconds interval_;
    std::chrono::steady_clock::time_point next_{};
    std::string command_, wrapper_;
};

} // namespace pqsweep::tools
