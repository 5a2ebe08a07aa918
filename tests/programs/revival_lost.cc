// revival_lost N [gone]
//
// A connection is revived; N times, the server it comes to reads no more once the client is let in, but still says
// something. What is sent then is lost, and libpq knows, but takes the connection for a good one. Then all is well again,
// or there is no server.
// link: -lpq -pthread
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <libpq-fe.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace std::literals;

constexpr std::string_view ready_for_query = "Z\0\0\0\5I"sv;
constexpr std::string_view notice = "N\0\0\0\x27SNOTICE\0C00000\0Mfor ever and ever\0\0"sv;

sockaddr_un in_directory(const char* directory, const char* port) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%s", directory, port);
    return address;
}

int connect_to_server() {
    const char* port = getenv("PGPORT");
    sockaddr_un address = in_directory(getenv("PGHOST"), port ? port : "5432");
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

bool send_all(int fd, std::string_view bytes) {
    return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

void relay(int client, int server, bool goes_deaf) {
    std::array<char, 4096> buffer;
    pollfd fds[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    while (poll(fds, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            if (!fds[i].revents)
                continue;
            ssize_t n = read(fds[i].fd, buffer.data(), buffer.size());
            std::string_view bytes(buffer.data(), n > 0 ? static_cast<size_t>(n) : 0);
            bool is_deaf = goes_deaf && i == 1 && bytes.ends_with(ready_for_query);
            if (is_deaf)
                shutdown(client, SHUT_RD);
            if (n <= 0 || !send_all(fds[1 - i].fd, bytes))
                return;
            while (is_deaf && send_all(client, notice))
                usleep(1000);
        }
    }
}

void serve(int listener, const char* directory, int deaf, bool is_then_gone) {
    for (int number = 1;; number++) {
        int client = accept(listener, nullptr, nullptr);
        if (is_then_gone && number == 1 + deaf)
            std::filesystem::remove_all(directory);
        std::thread([client, is_deaf = number > 1 && number <= 1 + deaf] {
            int server = connect_to_server();
            relay(client, server, is_deaf);
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
    sockaddr_un address = in_directory(mkdtemp(directory), "1");
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
