// Revives a connection again and again while other threads open and close files and sockets as fast as they can.
// The connection keeps its number, and no other file is touched.
// link: -lpq -pthread
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <libpq-fe.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

std::atomic<bool> is_over;
std::atomic<int> broken;

bool works(int a, int b) {
    char byte = 'x';
    return write(a, &byte, 1) == 1 && read(b, &byte, 1) == 1;
}

void open_and_close() {
    while (!is_over) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
            continue;
        int file = open("/dev/null", O_WRONLY);
        if (!works(pair[0], pair[1]) || !works(pair[1], pair[0]) || write(file, "x", 1) != 1)
            broken++;
        for (int fd : {pair[0], pair[1], file})
            if (close(fd) != 0)
                broken++;
    }
}

} // namespace

int main() {
    PGconn* c = PQconnectdb("");
    int number = PQsocket(c);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++)
        threads.emplace_back(open_and_close);
    int revived = 0;
    for (int i = 0; i < 200; i++) {
        setenv("PQSWEEP_TAG", std::to_string(i).c_str(), 1);
        PGresult* result = PQexec(c, "select 1");
        revived += PQresultStatus(result) == PGRES_TUPLES_OK && PQsocket(c) == number;
        PQclear(result);
    }
    is_over = true;
    for (std::thread& thread : threads)
        thread.join();
    PQfinish(c);
    if (revived == 200 && broken == 0)
        puts("all well");
    else
        printf("revived %d times, %d descriptors of others broken\n", revived, int(broken));
}
