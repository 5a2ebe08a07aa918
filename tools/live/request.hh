// Asks a process for something through its mailbox.
#pragma once

#include "tools/live/processes.hh"

#include <chrono>

namespace pqsweep::tools {

class Request {
public:
    struct Answer {
        std::string why_not; // empty: the process acted
        ByActivity<uint32_t> swept{};
    };

    // Writes the request and raises the signal, but only in a process whose shim handles that signal. `name`, of at most
    // TextPool::longest bytes, means nothing for Kind::sweep.
    Request(const Process& process, Mailbox::Kind kind, std::string_view name);
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    // Waits until `deadline` for the process to begin, and then until it is done, which takes seconds at worst.
    // Withdraws the request if the process has not begun by then.
    Answer wait(std::chrono::steady_clock::time_point deadline);

private:
    bool lock();
    bool is_receptive();
    void post(Mailbox::Kind kind, std::string_view name);
    bool raise();
    bool is_done();
    std::string why_silent() const;

    const Process& process_;
    int pidfd_ = -1;
    uint32_t number_ = 0;
    std::string why_not_;
};

} // namespace pqsweep::tools
