// Four threads connect, query and finish while signals interrupt them at random moments. The argument is their number.
// An untagged connection and a pair of sockets must survive, and at the end no connection of the tag is left.
// link: -lpq -pthread
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <libpq-fe.h>
#include <pthread.h>
#include <random>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

std::atomic<bool> is_over;
std::atomic<int> foreign_hits;

void exchange_byte(const int (&pair)[2]) {
    char byte = 'x';
    ssize_t written = write(pair[0], &byte, 1);
    ssize_t length = written == 1 ? read(pair[1], &byte, 1) : 0;
    if (length == 1)
        return;
    foreign_hits++;
    const char* reason = written < 0 || length < 0 ? strerror(errno) : "end of file";
    printf("foreign sockets %d and %d: cannot %s: %s\n", pair[0], pair[1], written == 1 ? "read" : "write",
           reason);
}

// Descriptor numbers pass between connections and other sockets all the time.
void use_foreign_sockets() {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return;
    exchange_byte(pair);
    close(pair[0]);
    close(pair[1]);
}

void use(unsigned seed) {
    std::mt19937 random(seed);
    std::vector<PGconn*> open;
    while (!is_over) {
        if (open.size() < 4)
            open.push_back(PQconnectdb(""));
        use_foreign_sockets();
        PGconn*& c = open[random() % open.size()];
        switch (random() % 30) {
        case 0:
            PQclear(PQexec(c, "begin"));
            break;
        case 1:
            PQreset(c);
            break;
        case 2:
        case 3:
            PQfinish(c);
            c = open.back();
            open.pop_back();
            break;
        case 4:
            PQsendQuery(c, "select 2");
            PQconsumeInput(c);
            while (PGresult* result = PQgetResult(c))
                PQclear(result);
            break;
        default:
            PQclear(PQexec(c, "select 1"));
            if (PQstatus(c) == CONNECTION_BAD)
                PQreset(c);
        }
    }
    for (PGconn* c : open)
        PQfinish(c);
}

} // namespace

int main(int, char** argv) {
    PGconn* untagged = PQconnectdb("");
    if (PQstatus(untagged) != CONNECTION_OK)
        printf("not connected: %s\n", PQerrorMessage(untagged));
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    setenv("PQSWEEP_TAG", "a", 1);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; i++)
        threads.emplace_back(use, i + 1);
    std::mt19937 random(7);
    for (int i = atoi(argv[1]); i > 0; i--) {
        pthread_kill(threads[random() % 4].native_handle(), SIGRTMIN + 7);
        usleep(static_cast<useconds_t>(i % 100 < 90 ? random() % 100 : random() % 20000)); // time to connect
    }
    is_over = true;
    for (std::thread& thread : threads)
        thread.join();
    exchange_byte(pair);
    PGresult* result = PQexec(untagged, "select 'alive'");
    bool is_alive = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "alive") == 0;
    if (!is_alive)
        printf("the untagged connection: %s\n", PQresultErrorMessage(result));
    PQclear(result);
    PQfinish(untagged);
    if (is_alive && foreign_hits == 0)
        puts("all well");
}
