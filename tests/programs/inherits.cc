// Forks a child that does with its parent's connections what the arguments say, and then leaves. With `raw` first, it makes the system call
// itself, so that no fork handlers run.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <libpq-fe.h>
#include <map>
#include <poll.h>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

PGconn* connections[12];

bool works(PGconn* c) {
    PGresult* result = PQexec(c, "select 1");
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return ok;
}

pid_t raw_fork() {
    return static_cast<pid_t>(syscall(SYS_fork));
}

void in_child(const std::function<void()>& work, pid_t (*make)() = fork) {
    fflush(stdout);
    pid_t child = make();
    if (child == 0) {
        work();
        exit(0);
    }
    waitpid(child, nullptr, 0);
}

void reset_in_steps(PGconn* c) {
    PQresetStart(c);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        pollfd fd{PQsocket(c), short(status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN), 0};
        poll(&fd, 1, 10000);
        status = PQresetPoll(c);
    }
}

const std::map<std::string, std::function<void()>> actions = {
    {"exec", [] { works(connections[0]); }},
    {"send", [] { PQsendQuery(connections[0], "select 1"), PQclear(PQgetResult(connections[0])); }},
    {"consume", [] { PQconsumeInput(connections[0]); }},
    {"look",
     [] {
         PQclear(PQgetResult(connections[0]));
         PQflush(connections[0]);
     }},
    {"finish", [] { PQfinish(connections[0]); }},
    {"reset", [] { PQreset(connections[1]); }},
    {"resetstart", [] { reset_in_steps(connections[1]); }},
    {"own", [] { puts(works(connections[1]) ? "the session is its own" : "no session"); }},
    {"tag", [] { setenv("PQSWEEP_TAG", "child", 1); }},
    {"end tag", [] { unsetenv("PQSWEEP_TAG"); }},
    {"all",
     [] {
         for (PGconn* c : connections)
             works(c);
     }},
    {"fork", [] { in_child([] {}); }},
    {"fork and exec", [] { in_child([] { works(connections[0]); }); }},
    {"_exit", [] { _exit(0); }},
    {"true", [] { execl("/bin/true", "true", nullptr); }},
};

} // namespace

int main(int argc, char** argv) {
    for (PGconn*& c : connections)
        c = PQconnectdb("");
    bool is_raw = argc > 1 && argv[1] == std::string("raw");
    in_child(
        [&] {
            for (int i = 1 + is_raw; i < argc; i++)
                actions.at(argv[i])();
        },
        is_raw ? raw_fork : fork);
    for (PGconn* c : connections)
        PQfinish(c);
}
