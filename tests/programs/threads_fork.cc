// One thread forks while others take and leave the shim's locks and the loader's: no lock may be held in a child
// without its owner. Each child has a connection of its own, which ends with its tag. (A child changes its tag in
// place: glibc's setenv can hang there, with pqsweep or without.)
// link: -lpq -pthread
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <libpq-fe.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

std::atomic<bool> is_over;
char tag[] = "PQSWEEP_TAG=0";

bool works(PGconn* c) {
    PGresult* result = PQexec(c, "select 1");
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return ok;
}

void connect_in_vain() {
    while (!is_over)
        PQfinish(PQconnectdb("host=/nonexistent"));
}

void change_environment() {
    for (int i = 0; !is_over; i++)
        setenv("PYTEST_CURRENT_TEST", std::to_string(i % 10).c_str(), 1);
}

void live() {
    alarm(30); // ends a child that hangs
    PGconn* own = PQconnectdb("");
    bool ok = works(own);
    tag[strlen(tag) - 1]++;
    PGconn* next = PQconnectdb("");
    _exit(ok && works(next) && !works(own) ? 0 : 1);
}

} // namespace

int main() {
    PGconn* untagged = PQconnectdb("");
    putenv(tag);
    setenv("PYTEST_CURRENT_TEST", "",
           1); // a variable that is new moves the array, under the eyes of libpq's getenv()
    std::thread threads[] = {std::thread(connect_in_vain), std::thread(connect_in_vain),
                             std::thread(change_environment)};
    int status = 0;
    for (int i = 0; i < 100 && status == 0; i++) {
        pid_t child = fork();
        if (child == 0)
            live();
        waitpid(child, &status, 0);
    }
    is_over = true;
    for (std::thread& thread : threads)
        thread.join();
    puts(status != 0 ? "a child failed" : works(untagged) ? "all well" : "the parent's connection is gone");
    PQfinish(untagged);
}
