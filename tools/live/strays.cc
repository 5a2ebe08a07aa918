#include "tools/live/strays.hh"

#include "tools/live/proc.hh"
#include "tools/text/utf8.hh"

#include <fmt/core.h>

namespace pqsweep::tools {

namespace {

constexpr auto shim = "/libpqsweep.so";

// A program can overwrite its environment with a title, so what it has loaded decides.
bool has_shim(pid_t pid) {
    return proc::environment(pid).find(shim) != std::string::npos || !proc::mapped_file(pid, shim).empty();
}

// A pqsweep further below takes care of its own.
bool is_pqsweep(pid_t pid) {
    return proc::program(pid).ends_with("/pqsweep");
}

} // namespace

void Strays::look(pid_t top) {
    auto now = std::chrono::steady_clock::now();
    if (!command_.empty() || now < next_)
        return;
    next_ = now + interval_;
    look(top, "");
}

// `wrapper`: the last command on the way to `pid`.
void Strays::look(pid_t pid, const std::string& wrapper) {
    if (is_pqsweep(pid))
        return;
    std::string command = proc::command_line(pid);
    if (!has_shim(pid) && !proc::mapped_file(pid, "/libpq").empty()) {
        command_ = command;
        wrapper_ = wrapper;
        return;
    }
    for (pid_t child : proc::children(pid))
        if (command_.empty())
            look(child, command);
}

std::string Strays::line() const {
    if (command_.empty())
        return "";
    constexpr size_t most = 100;
    return fmt::format("something cleared the environment{}; put pqsweep there: pqsweep run -- {}",
                       wrapper_.empty() ? "" : fmt::format(" below '{}'", shortened(wrapper_, most)),
                       shortened(command_, most));
}

} // namespace pqsweep::tools
