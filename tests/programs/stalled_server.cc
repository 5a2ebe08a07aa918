// A statement is running through a relay; then the relay takes connections and answers nothing any more.
// link: -lpq -pthread
#include "listener.hh"

#include <cstdlib>
#include <iostream>
#include <libpq-fe.h>
#include <poll.h>
#include <string>
#include <sys/time.h>
#include <thread>
#include <unistd.h>

namespace {

int connect_to_server() {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const char* port = getenv("PGPORT");
    sockaddr_in address = loopback(static_cast<uint16_t>(port ? atoi(port) : 0));
    return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

void relay(int client, int server) {
    char buffer[4096];
    pollfd fds[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    while (poll(fds, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            if (!fds[i].revents)
                continue;
            ssize_t n = read(fds[i].fd, buffer, sizeof buffer);
            if (n <= 0 || write(fds[1 - i].fd, buffer, static_cast<size_t>(n)) != n)
                return;
        }
    }
}

} // namespace

int main() {
    Listener listener;
    std::thread([listener] { relay(listener.take(), connect_to_server()); }).detach();
    std::string conninfo = "host=127.0.0.1 sslmode=disable port=" + listener.port;
    PGconn* conn = PQconnectdb(conninfo.c_str());
    PQsendQuery(conn, "select pg_sleep(1)");
    PQflush(conn);
    std::cout << "a statement is running" << std::endl;
    std::string line;
    std::getline(std::cin, line);
    setenv("PQSWEEP_TAG", "b", 1); // the cancel request lands in the listener's backlog
    timeval limit{};
    socklen_t length = sizeof limit;
    getsockopt(socket(AF_INET, SOCK_STREAM, 0), SOL_SOCKET, SO_RCVTIMEO, &limit, &length);
    bool is_ours = limit.tv_sec == 0 && limit.tv_usec == 0;
    std::cout << (is_ours ? "changed" : "the program's own sockets have a time-out now") << std::endl;
    std::getline(std::cin, line);
    PQfinish(conn);
    _exit(0);
}
