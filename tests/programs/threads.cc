// Four threads open, use, reset and finish connections, and leave some, while the tag changes 1,000 times.
// An untagged connection and a pair of sockets must survive.
// link: -lpq -pthread
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <libpq-fe.h>
#include <random>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

std::atomic<bool> is_over;

void use(unsigned seed) {
    std::mt19937 random(seed);
    std::vector<PGconn*> open;
    while (!is_over) {
        if (open.size() < 8)
            open.push_back(PQconnectdb(""));
        PGconn*& c = open[random() % open.size()];
        switch (random() % 40) { // the default is frequent: a sweep that must cancel is slow
        case 0:
            PQclear(PQexec(c, "select 1"));
            break;
        case 1:
            PQclear(PQexec(c, "begin"));
            break;
        case 2:
            PQsendQuery(c, "select 2");
            PQconsumeInput(c);
            while (PGresult* result = PQgetResult(c))
                PQclear(result);
            break;
        case 3:
            PQreset(c);
            break;
        case 4:
            PQsendQuery(c, "select pg_sleep(0.005)");
            PQflush(c);
            break;
        case 5:
            PQfinish(c);
            c = open.back();
            open.pop_back();
            break;
        default:
            PQclear(PQexec(c, "select 3"));
        }
    }
    for (PGconn* c : open)
        PQfinish(c);
}

} // namespace

int main(int, char** argv) {
    const int changes = atoi(argv[1]);
    PGconn* untagged = PQconnectdb("");
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    setenv("PQSWEEP_TAG", "0", 1);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; i++)
        threads.emplace_back(use, i + 1);
    for (int i = 1; i <= changes; i++) {
        setenv("PQSWEEP_TAG", std::to_string(i).c_str(), 1);
        usleep(200);
    }
    is_over = true;
    for (std::thread& thread : threads)
        thread.join();
    char byte = 'x';
    bool sockets_work = write(pair[0], &byte, 1) == 1 && read(pair[1], &byte, 1) == 1;
    PGresult* result = PQexec(untagged, "select 'alive'");
    bool is_alive = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "alive") == 0;
    PQclear(result);
    PQfinish(untagged);
    puts(is_alive && sockets_work ? "all well" : "something foreign was hit");
}
