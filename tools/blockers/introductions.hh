// Introductions: what the processes of a run connected with, as the shim hands it over (shim/lifecycle/introduce.hh).
//
// A datagram socket, 0600 in a folder that is 0700. The sender has to be this user, and to know the run's name, which is random
// and stands in the environment of the run's processes alone. The sets stay in memory, and this process writes no core.
#pragma once

#include "tools/blockers/conninfo.hh"

#include <cstdint>
#include <filesystem>
#include <map>

namespace pqsweep::tools {

class Introductions {
public:
    explicit Introductions(std::string run);
    ~Introductions();
    Introductions(const Introductions&) = delete;
    Introductions& operator=(const Introductions&) = delete;

    // For PQSWEEP_RUN_SOCKET; empty if there is no socket.
    const std::string& path() const { return path_; }
    int fd() const { return fd_; } // -1: none
    // Takes what has come. Does not block.
    void receive();
    // Null if no such set was handed over.
    const Conninfo* find(uint32_t number) const;

private:
    bool open();
    void take(std::string_view datagram);

    std::string run_;
    std::filesystem::path folder_;
    std::string path_;
    int fd_ = -1;
    std::map<uint32_t, Conninfo> sets_;
};

} // namespace pqsweep::tools
