// A statement runs through a relay. Then the relay accepts connections and no longer replies.
// link: -lpq -pthread
#include "tests/programs/relay.hh"

#include <iostream>
#include <libpq-fe.h>
#include <string>
#include <sys/time.h>
#include <thread>
#include <unistd.h>

int main() {
    Listener listener;
    std::thread([listener] {
        int client = listener.take();
        relay(client, connect_to_server(), [&](std::string_view bytes) { return send_all(client, bytes); });
    }).detach();
    std::string conninfo = "host=127.0.0.1 sslmode=disable port=" + listener.port;
    PGconn* conn = PQconnectdb(conninfo.c_str());
    PQsendQuery(conn, "select pg_sleep(1)");
    PQflush(conn);
    std::cout << "a statement is running" << std::endl;
    std::string line;
    std::getline(std::cin, line);
    setenv("PQSWEEP_TAG", "b", 1); // the cancel request stays in the listener's backlog
    timeval limit{};
    socklen_t length = sizeof limit;
    getsockopt(socket(AF_INET, SOCK_STREAM, 0), SOL_SOCKET, SO_RCVTIMEO, &limit, &length);
    bool is_ours = limit.tv_sec == 0 && limit.tv_usec == 0;
    std::cout << (is_ours ? "changed" : "the program's own sockets have a time-out now") << std::endl;
    std::getline(std::cin, line);
    PQfinish(conn);
    _exit(0);
}
