// A process with two connections starts another program in the way of the first argument, and then uses them.
// link: -lpq -pthread
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <libpq-fe.h>
#include <map>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

char** command;

bool works(PGconn* c) {
    PGresult* result = PQexec(c, "select 1");
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return ok;
}

void run() {
    execv(command[0], command);
    _exit(127);
}

void by_fork() {
    if (fork() == 0)
        run();
}

const std::map<std::string, std::function<void()>> ways = {
    {"fork", by_fork},
    {"vfork",
     [] {
         if (vfork() == 0) {
             execv(command[0], command);
             _exit(127);
         }
     }},
    {"posix_spawn",
     [] {
         pid_t child = 0;
         posix_spawn(&child, command[0], nullptr, nullptr, command, environ);
     }},
    {"system", [] { (void)!system(command[0]); }},
    {"thread", [] { std::thread(by_fork).join(); }},
    {"daemon",
     [] {
         if (daemon(1, 1) == 0)
             by_fork();
     }},
    {"exec", run},
};

} // namespace

int main(int, char** argv) {
    PGconn* idle = PQconnectdb("");
    PGconn* transaction = PQconnectdb("");
    PQclear(PQexec(transaction, "begin"));
    command = argv + 2;
    ways.at(argv[1])();
    wait(nullptr);
    puts(works(idle) && works(transaction) ? "its connections work" : "its connections are gone");
}
