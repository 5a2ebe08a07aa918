// Two ends of a stream of this process, closed with the object.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pqsweep::tests {

struct SocketPair {
    int ends[2];
    SocketPair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0); }
    ~SocketPair() {
        close(ends[0]);
        close(ends[1]);
    }
    SocketPair(const SocketPair&) = delete;
    SocketPair& operator=(const SocketPair&) = delete;

    bool works() const {
        char byte = 'x';
        return send(ends[0], &byte, 1, MSG_NOSIGNAL) == 1 && read(ends[1], &byte, 1) == 1;
    }
};

} // namespace pqsweep::tests
