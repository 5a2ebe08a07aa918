// A connection goes through a relay and is swept. Then the relay accepts connections and no longer replies, and the
// connection is used again.
// link: -lpq -pthread
#include "tests/programs/relay.hh"

#include <chrono>
#include <iostream>
#include <libpq-fe.h>
#include <string>
#include <thread>

int main() {
    using clock = std::chrono::steady_clock;
    Listener listener;
    std::thread([listener] {
        int client = listener.take();
        relay(client, connect_to_server(), [&](std::string_view bytes) { return send_all(client, bytes); });
    }).detach();
    std::string conninfo = "host=127.0.0.1 sslmode=disable gssencmode=disable port=" + listener.port;
    PGconn* conn = PQconnectdb(conninfo.c_str());
    setenv("PQSWEEP_TAG", "b", 1);
    auto begin = clock::now();
    PGresult* result = PQexec(conn, "select 1");
    bool is_in_time = clock::now() - begin < std::chrono::seconds(4);
    std::cout << PQerrorMessage(conn);
    std::cout << (!result && is_in_time ? "within PGCONNECT_TIMEOUT" : "not as expected") << std::endl;
    PQfinish(conn);
    _exit(0);
}
