// Sessions in doubt go through a relay. While the tag changes, it passes each reply of the server's on a little later.
// link: -lpq -pthread
#include "tests/programs/relay.hh"

#include <atomic>
#include <chrono>
#include <iostream>
#include <libpq-fe.h>
#include <string>
#include <thread>
#include <vector>

constexpr int sessions = 40;
constexpr std::chrono::milliseconds delay{60}; // eight at a time are asked: 300 ms in all

int main() {
    Listener listener;
    std::atomic<bool> is_slow = false;
    std::thread([&] {
        for (;;) {
            std::thread([&is_slow, client = listener.take()] {
                int server = connect_to_server();
                relay(client, server, [&](std::string_view bytes) {
                    if (is_slow)
                        std::this_thread::sleep_for(delay);
                    return send_all(client, bytes);
                });
                close(client);
                close(server);
            }).detach();
        }
    }).detach();
    std::string conninfo = "host=127.0.0.1 sslmode=disable gssencmode=disable port=" + listener.port;
    std::vector<PGconn*> conns;
    for (int i = 0; i < sessions; i++) {
        conns.push_back(PQconnectdb(conninfo.c_str()));
        PQclear(PQexec(conns.back(), ("select slow_login('" + std::to_string(i) + "')").c_str()));
    }
    is_slow = true;
    setenv("PQSWEEP_TAG", "b", 1);
    is_slow = false;
    int again = 0;
    for (int i = 0; i < sessions; i++) {
        PGresult* result = PQexec(conns[static_cast<size_t>(i)], "select current_setting('slow.tenant')");
        again += PQntuples(result) == 1 && PQgetvalue(result, 0, 0) == std::to_string(i);
        PQclear(result);
    }
    std::cout << again << " of " << sessions << std::flush;
    _exit(0);
}
