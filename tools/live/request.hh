// What is asked of a process through its mailbox.
#pragma once

#include "tools/live/processes.hh"

#include <chrono>

namespace pqsweep::tools {

class Request {
public:
    struct Answer {
        std::string why_not; // "": it was done
        ByActivity<uint32_t> swept{};
    };

    // Asks, and raises the signal; never in a process that would not take it for ours. `tag` matters for that wish alone,
    // and may have TextPool::longest bytes.
    Request(const Process& process, Mailbox::Kind kind, std::string_view name);
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    // Waits until `deadline` for the process to begin, and then until it is done, which takes seconds at worst. A
    // request that it has not begun with is withdrawn.
    Answer wait(std::chrono::steady_clock::time_point deadline);

private:
    bool lock();
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
