// parking_race [ROUNDS]: while a sweep parks a connection, another thread closes the connection's descriptor, or puts a file of its
// own there. That file stays, in each of the rounds.
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

namespace {

bool works(int a, int b) {
    char byte = 'x';
    return write(a, &byte, 1) == 1 && read(b, &byte, 1) == 1;
}

// Lets the number go in one way or another, so that it becomes an end of a pair: surely, or because it is the lowest free one.
// Returns whether the pair goes on to work.
bool takes_number(int number, int way) {
    if (way == 0)
        close(number);
    if (way == 1)
        close_range(static_cast<unsigned>(number), static_cast<unsigned>(number), 0);
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    int end = way == 2 ? dup2(pair[0], number) : way == 3 ? dup3(pair[0], number, O_CLOEXEC) : pair[0];
    bool is_well = true;
    for (int i = 0; i < 20; i++)
        is_well &= works(end, pair[1]) && works(pair[1], end);
    close(pair[0]);
    close(pair[1]);
    return is_well;
}

} // namespace

int main(int argc, char** argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 200;
    std::atomic<int> turn = -1, done = -1, broken = 0;
    std::atomic<int> number = -1;
    std::thread other([&] {
        for (int i = 0; i < rounds; i++) {
            while (turn < i)
                std::this_thread::yield();
            for (std::atomic<int> spin = 0; spin < i * 37 % 20000; spin++) {
            }
            broken += !takes_number(number, i % 4);
            done = i;
        }
    });
    for (int i = 0; i < rounds; i++) {
        PGconn* c = PQconnectdb("");
        number = PQsocket(c);
        int original = fcntl(number, F_DUPFD_CLOEXEC, 0);
        turn = i;
        setenv("PQSWEEP_TAG", std::to_string(i).c_str(), 1);
        while (done < i)
            std::this_thread::yield();
        dup2(original, number);
        close(original);
        PQfinish(c);
    }
    other.join();
    if (broken == 0)
        puts("all well");
    else
        printf("%d files of others were replaced\n", int(broken));
}
