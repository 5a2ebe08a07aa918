// Two connections wait for a listener that never replies: PQconnectPoll drives one, another thread is blocked
// in PQconnectdb with the other. Two changes of the tag leave both alone. Then a sweep on request ends them.
// link: -lpq -pthread
#include "tests/programs/listener.hh"

#include <csignal>
#include <iostream>
#include <libpq-fe.h>
#include <poll.h>
#include <string>
#include <thread>

int main() {
    Listener listener;
    // libpq goes on to a second host when the first fails.
    std::string conninfo =
        "host=127.0.0.1,127.0.0.1 port=" + listener.port + "," + listener.port + " sslmode=disable";

    PGconn* blocked = nullptr;
    std::thread thread([&] { blocked = PQconnectdb(conninfo.c_str()); });
    PGconn* driven = PQconnectStart(conninfo.c_str());
    auto drive = [&] {
        pollfd fd{PQsocket(driven), POLLIN | POLLOUT, 0};
        poll(&fd, 1, 10000);
        return PQconnectPoll(driven);
    };
    while (PQstatus(driven) != CONNECTION_AWAITING_RESPONSE)
        drive();
    // Both connections have reached the listener.
    for (int i = 0; i < 2; i++) {
        int fd = listener.take();
        char byte = 0;
        recv(fd, &byte, 1, MSG_PEEK);
    }
    std::cout << "both are connecting" << std::endl;

    std::string line;
    std::getline(std::cin, line);
    setenv("PQSWEEP_TAG", "b", 1);
    setenv("PQSWEEP_TAG", "c", 1);
    if (PQconnectPoll(driven) != PGRES_POLLING_READING)
        return 1;
    raise(SIGRTMIN + 7);
    thread.join();
    while (PQstatus(driven) != CONNECTION_BAD)
        drive();
    if (PQstatus(blocked) == CONNECTION_BAD)
        std::cout << "both have failed" << std::endl;
    PQfinish(driven);
    PQfinish(blocked);
}
