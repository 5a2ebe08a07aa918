// Forks children while connections are open. Their tags and ends must not reach the parent's connections,
// and their own connections are swept with their own tags.
// link: -lpq
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

bool works(PGconn* c) {
    PGresult* result = PQexec(c, "select 1");
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return ok;
}

template<class Work>
int in_child(Work work) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        work();
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void own_connections() {
    setenv("PQSWEEP_TAG", "child", 1);
    PGconn* own = PQconnectdb("");
    bool before = works(own);
    setenv("PQSWEEP_TAG", "child 2", 1);
    exit(before && !works(own) ? 11 : 1);
}

[[noreturn]] void raw_fork_child() {
    setenv("PQSWEEP_TAG", "raw child", 1);
    exit(15);
}

} // namespace

int main() {
    PGconn* idle = PQconnectdb("");
    PGconn* transaction = PQconnectdb("");
    PQclear(PQexec(transaction, "begin"));

    // This comes first, before a fork has marked the connections: the _exit of a vfork child shares our memory.
    pid_t vforked = vfork();
    if (vforked == 0)
        _exit(0);
    waitpid(vforked, nullptr, 0);
    bool ok = works(idle) && works(transaction);

    ok &= in_child(own_connections) == 11;
    ok &= in_child([] {
              setenv("PQSWEEP_TAG", "b", 1);
              unsetenv("PQSWEEP_TAG");
              _exit(12);
          }) == 12;
    ok &= in_child([] { exit(13); }) == 13;
    ok &= in_child([] { execl("/bin/sh", "sh", "-c", "exit 14", nullptr); }) == 14;
    ok &= system("exit 0") == 0;
    // A fork without handlers, as _Fork makes it.
    pid_t raw = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    if (raw == 0)
        raw_fork_child();
    int status = 0;
    waitpid(raw, &status, 0);
    ok &= WEXITSTATUS(status) == 15;

    ok &= works(idle) && works(transaction);
    puts(ok ? "the parent's connections work" : "a child did harm");
    fflush(stdout);

    // As a daemon starts: the parent leaves, and the child goes on with the connection. The pipe ends when the
    // parent is gone.
    int parents_life[2];
    if (pipe(parents_life) != 0 || fork() != 0)
        exit(0);
    close(parents_life[1]);
    char byte = 0;
    (void)!read(parents_life[0], &byte, 1);
    puts(works(idle) ? "the daemon's connection works" : "the parent's exit ended the daemon's connection");
}
