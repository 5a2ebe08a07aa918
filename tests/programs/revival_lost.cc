// revival_lost N [gone]
//
// A revival meets, N times, a server that stops reading once the client is let in, but still sends something. What the
// client sends then is lost. libpq notices, but still takes the connection for a good one. After that the server works
// again or, with "gone", there is none.
// link: -lpq -pthread
#include "tests/programs/relay.hh"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <libpq-fe.h>
#include <string>
#include <string_view>
#include <sys/un.h>
#include <thread>

namespace {

using namespace std::literals;

constexpr std::string_view ready_for_query = "Z\0\0\0\5I"sv;
constexpr std::string_view notice = "N\0\0\0\x27SNOTICE\0C00000\0Mfor ever and ever\0\0"sv;

// Lets the client in and stops reading. Returns false when the client has gone.
bool answer_deaf(int client, std::string_view bytes) {
    if (!bytes.ends_with(ready_for_query))
        return send_all(client, bytes);
    shutdown(client, SHUT_RD);
    for (bool is_there = send_all(client, bytes); is_there; is_there = send_all(client, notice))
        usleep(1000);
    return false;
}

void serve(int listener, const char* directory, int deaf, bool is_then_gone) {
    for (int number = 1;; number++) {
        int client = accept(listener, nullptr, nullptr);
        if (is_then_gone && number == 1 + deaf)
            std::filesystem::remove_all(directory);
        std::thread([client, is_deaf = number > 1 && number <= 1 + deaf] {
            int server = connect_to_server();
            relay(client, server, [&](std::string_view bytes) {
                return is_deaf ? answer_deaf(client, bytes) : send_all(client, bytes);
            });
            close(client);
            close(server);
        }).detach();
    }
}

void ask(PGconn* conn) {
    PGresult* result = PQexec(conn, "show work_mem");
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    puts(PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : state ? state : "nothing came back");
    PQclear(result);
}

} // namespace

int main(int argc, char** argv) {
    char directory[] = "/tmp/pqsweep-revival-lost.XXXXXX";
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.1", mkdtemp(directory));
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, 8) != 0)
        return 1;
    std::thread(serve, listener, directory, atoi(argv[1]), argc > 2).detach();
    PGconn* conn = PQconnectdb(("port=1 gssencmode=disable host="s + directory).c_str());
    PQsetNoticeReceiver(
        conn, [](void*, const PGresult*) {}, nullptr);
    PQclear(PQexec(conn, "set work_mem = '5MB'"));
    setenv("PQSWEEP_TAG", "b", 1);
    ask(conn);
    ask(conn);
    PQfinish(conn);
    std::filesystem::remove_all(directory);
    fflush(stdout);
    _exit(0);
}
