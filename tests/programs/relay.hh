// Stands between a client and the server and passes their bytes on.
#pragma once

#include "tests/programs/listener.hh"

#include <array>
#include <cstdlib>
#include <poll.h>
#include <string_view>
#include <unistd.h>

// Returns a connection to the server's TCP port, or -1.
inline int connect_to_server() {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const char* port = getenv("PGPORT");
    sockaddr_in address = loopback(static_cast<uint16_t>(port ? atoi(port) : 0));
    return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

inline bool send_all(int fd, std::string_view bytes) {
    return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

// Runs until one of them goes, or until answer(bytes), which passes on the server's bytes, returns false.
template<class Answer>
void relay(int client, int server, Answer answer) {
    std::array<char, 4096> buffer;
    pollfd fds[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    while (poll(fds, 2, -1) > 0) {
        for (const pollfd& from : fds) {
            if (!from.revents)
                continue;
            ssize_t n = read(from.fd, buffer.data(), buffer.size());
            if (n <= 0)
                return;
            std::string_view bytes(buffer.data(), static_cast<size_t>(n));
            if (from.fd == client ? !send_all(server, bytes) : !answer(bytes))
                return;
        }
    }
}
