// A connection goes through a relay and is swept. It is used for a ROLLBACK, whose reply the relay holds back, and is swept again.
// link: -lpq -pthread
#include "tests/programs/relay.hh"

#include <future>
#include <iostream>
#include <libpq-fe.h>
#include <string>
#include <thread>

int main() {
    Listener listener;
    std::promise<void> held;
    std::thread([&] {
        for (;;) {
            int client = listener.take();
            int server = connect_to_server();
            relay(client, server, [&](std::string_view bytes) {
                if (bytes.find("ROLLBACK") == bytes.npos)
                    return send_all(client, bytes);
                held.set_value();
                return true;
            });
            close(client);
            close(server);
        }
    }).detach();
    // Without the WARNING that there is no transaction, which comes before the reply.
    std::string conninfo =
        "host=127.0.0.1 sslmode=disable options='-c client_min_messages=error' port=" + listener.port;
    PGconn* conn = PQconnectdb(conninfo.c_str());
    setenv("PQSWEEP_TAG", "b", 1);
    PQsendQuery(conn, "rollback");
    held.get_future().wait();
    setenv("PQSWEEP_TAG", "c", 1);
    std::cout << PQresultErrorMessage(PQgetResult(conn)) << std::flush;
    _exit(0);
}
