// An event loop registers a connection's socket with epoll once, as asyncio, libev and Asio do: level-triggered and
// edge-triggered, in two sets. Then the connection is swept and revived, over and over.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <string>
#include <sys/epoll.h>

namespace {

// Returns the first column of the reply; empty if no event comes for it.
std::string ask(PGconn* c, int set) {
    if (!PQsendQuery(c, "select 'heard'"))
        return PQerrorMessage(c);
    while (PQflush(c) == 1) {
    }
    std::string reply;
    for (;;) {
        while (!PQisBusy(c)) {
            PGresult* result = PQgetResult(c);
            if (!result)
                return reply;
            reply = PQntuples(result) ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result);
            PQclear(result);
        }
        epoll_event event{};
        if (epoll_wait(set, &event, 1, 5000) != 1)
            return "no event";
        if (event.data.u64 != 0x123456789abcdef)
            return "an event without its data";
        PQconsumeInput(c);
    }
}

} // namespace

int main() {
    PGconn* c = PQconnectdb("");
    PQsetnonblocking(c, 1);
    int sets[] = {epoll_create1(0), epoll_create1(0)};
    epoll_event level{.events = EPOLLIN, .data = {.u64 = 0x123456789abcdef}};
    epoll_event edge{.events = EPOLLIN | EPOLLET, .data = {.u64 = 0x123456789abcdef}};
    epoll_ctl(sets[0], EPOLL_CTL_ADD, PQsocket(c), &level);
    epoll_ctl(sets[1], EPOLL_CTL_ADD, PQsocket(c), &edge);
    for (int i = 0; i < 10; i++) {
        setenv("PQSWEEP_TAG", std::to_string(i).c_str(), 1);
        std::string reply = ask(c, sets[i % 2]);
        if (reply != "heard") {
            printf("round %d: %s\n", i, reply.c_str());
            return 1;
        }
    }
    puts("all heard");
    PQfinish(c);
}
