// A daemon closes its stderr, and its data file gets the number, or a pipe, or a socket. Then it leaves a straggler. A child
// prints what it reads from the other end of the pipe or socket.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

void print_all_of(int in) {
    char byte = 0;
    while (read(in, &byte, 1) == 1)
        putchar(byte);
    fflush(stdout);
    _exit(0);
}

// Returns the end that takes stderr's place.
int make(const char* kind) {
    int ends[2];
    bool is_made =
        strcmp(kind, "pipe") == 0 ? pipe(ends) == 0 : socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0;
    if (!is_made)
        return -1;
    if (fork() == 0) {
        close(ends[1]);
        print_all_of(ends[0]);
    }
    close(ends[0]);
    return ends[1];
}

} // namespace

int main(int, char** argv) {
    const char* kind = argv[1];
    int fd = argv[2] ? open(argv[2], O_WRONLY | O_CREAT, 0600) : make(kind);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || close(fd) != 0 || write(STDERR_FILENO, "data\n", 5) != 5)
        return 1;
    setenv("PQSWEEP_TAG", "a", 1);
    PGconn* c = PQconnectdb("");
    PQclear(PQexec(c, "begin"));
    setenv("PQSWEEP_TAG", "b", 1);
    puts(PQstatus(c) == CONNECTION_OK ? "all well" : "not connected");
    fflush(stdout);
}
