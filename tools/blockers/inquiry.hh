// Inquiry: a question to a server that a child process asks, so that nothing of it can hold up or end `pqsweep run`.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>

namespace pqsweep::tools {

class Inquiry {
public:
    // Forks; the child writes what `ask` returns, and ends. It is killed if it needs longer than 10 s.
    // Context: a process without threads.
    explicit Inquiry(const std::function<std::string()>& ask);
    ~Inquiry();
    Inquiry(const Inquiry&) = delete;
    Inquiry& operator=(const Inquiry&) = delete;

    // Readable when there is something to read, or the child has ended.
    int fd() const { return fd_; }
    // Reads what is there; whether the reply is complete.
    bool is_done();
    const std::string& reply() const { return reply_; }

private:
    pid_t child_ = -1;
    int fd_ = -1;
    std::string reply_;
};

} // namespace pqsweep::tools
