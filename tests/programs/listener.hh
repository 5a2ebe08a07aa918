// Listens on a free TCP port of the loopback interface.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>

inline sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

struct Listener {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    std::string port; // "" if there is none

    Listener() {
        sockaddr_in address = loopback(0);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (bind(fd, generic, length) == 0 && listen(fd, 8) == 0 && getsockname(fd, generic, &length) == 0)
            port = std::to_string(ntohs(address.sin_port));
    }
    int take() const { return accept(fd, nullptr, nullptr); }
};
