// One thread forks while others connect, use and finish connections: no lock of ours may be missing its owner in a
// child. Each child has a connection of its own, which ends with its tag.
// link: -lpq -pthread
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

std::atomic<bool> is_over;

bool works(PGconn* c) {
    PGresult* result = PQexec(c, "select 1");
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return ok;
}

void come_and_go(int number) {
    for (int i = 0; !is_over; i++) {
        PGconn* c = PQconnectdb("");
        works(c);
        setenv("SOMETHING", std::to_string(number).c_str(), 1);
        PQfinish(c);
    }
}

void live(PGconn* inherited) {
    alarm(30); // a child that hangs dies of it
    PGconn* own = PQconnectdb("");
    setenv("PQSWEEP_TAG", "in the child", 1);
    PGconn* next = PQconnectdb("");
    bool ok = works(next) && PQstatus(inherited) == CONNECTION_OK;
    PQfinish(next);
    setenv("PQSWEEP_TAG", "in the child, later", 1);
    _exit(ok && !works(own) ? 0 : 1);
}

} // namespace

int main() {
    PGconn* kept = PQconnectdb("");
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++)
        threads.emplace_back(come_and_go, i);
    int failures = 0;
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();
        if (child == 0)
            live(kept);
        int status = 0;
        waitpid(child, &status, 0);
        failures += status != 0;
    }
    is_over = true;
    for (std::thread& thread : threads)
        thread.join();
    if (failures)
        printf("%d children failed\n", failures);
    puts(works(kept) ? "all well" : "the parent's connection is gone");
    PQfinish(kept);
}
