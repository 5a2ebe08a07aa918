// Closes the descriptors of connections without libpq. Their numbers become other sockets before the tag
// changes and while it changes.
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

bool works(int a, int b) {
    char byte = 'x';
    return write(a, &byte, 1) == 1 && read(b, &byte, 1) == 1;
}

} // namespace

int main() {
    bool all_well = true;
    std::vector<PGconn*> open;
    std::vector<int> ends;
    for (int i = 0; i < 10; i++)
        open.push_back(PQconnectdb(""));
    for (PGconn* c : open) {
        int pair[2];
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
        dup2(pair[0], PQsocket(c));
        close(pair[0]);
        ends.insert(ends.end(), {PQsocket(c), pair[1]});
    }
    setenv("PQSWEEP_TAG", "b", 1);
    for (size_t i = 0; i < ends.size(); i += 2)
        all_well &= works(ends[i], ends[i + 1]) && works(ends[i + 1], ends[i]);

    // libpq still takes the number for its own and writes to its present file: that must stay this socket.
    shutdown(ends[1], SHUT_WR);
    PQclear(PQexec(open[0], "select 1"));
    char first = 0;
    all_well &= recv(ends[1], &first, 1, MSG_DONTWAIT) == 1 && first == 'Q';

    // While the tag changes, the number is by turns that of a connection and of a socket pair.
    std::atomic<int> broken = 0;
    for (int i = 0; i < 200; i++) {
        PGconn* victim = PQconnectdb("");
        int number = PQsocket(victim);
        int original = fcntl(number, F_DUPFD_CLOEXEC, 0);
        std::atomic<bool> is_over = false;
        std::thread juggler([&] {
            while (!is_over) {
                int pair[2];
                socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
                dup2(pair[0], number);
                if (!works(pair[0], pair[1]) || !works(number, pair[1]))
                    broken++;
                dup2(original, number);
                close(pair[0]);
                close(pair[1]);
            }
        });
        setenv("PQSWEEP_TAG", std::to_string(i).c_str(), 1);
        is_over = true;
        juggler.join();
        close(original);
        PQfinish(victim);
    }
    puts(all_well && broken == 0 ? "all well" : "a foreign socket was shut down");
    fflush(stdout);
    _exit(0); // PQfinish would wait for sockets without a server
}
