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

    // Writes the request and raises the signal, but only in a process whose shim handles that signal; if all its threads block
    // the signal now, wait() does that. `text` has TextPool::longest bytes at most: the tag, the fixture or the reason; it
    // means nothing for Kind::sweep. `connection` is for Kind::end alone, and lives as long as this.
    Request(const Process& process, Mailbox::Kind kind, std::string_view text,
            const SeenConnection* connection = nullptr);
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    // Waits until `deadline` for the process to begin, and then until it is done, which takes seconds at worst.
    // Withdraws the request if the process has not begun by then.
    Answer wait(std::chrono::steady_clock::time_point deadline);

private:
    bool lock();
    bool is_receptive() const;
    bool is_posted() const { return number_ != 0; }
    void post();
    bool raise();
    bool is_done();
    std::string why_silent() const;

    const Process& process_;
    Mailbox::Kind kind_;
    std::string text_;
    const SeenConnection* connection_;
    int pidfd_ = -1;
    uint32_t number_ = 0; // 0: not posted
    std::string why_not_;
};

} // namespace pqsweep::tools
