// An event loop registers a connection's socket with epoll once, as asyncio, libev and Asio do: level-triggered and
// edge-triggered, in two sets. Then the connection is swept and revived, over and over.
// link: -lpq
#include "tests/programs/event_loop.hh"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/epoll.h>

namespace {

constexpr uint64_t mark = 0x123456789abcdef;

// Returns whether the set has an event, with its data.
bool hears(int set) {
    epoll_event event{};
    return epoll_wait(set, &event, 1, 5000) == 1 && event.data.u64 == mark;
}

} // namespace

int main() {
    PGconn* c = PQconnectdb("");
    PQsetnonblocking(c, 1);
    int sets[] = {epoll_create1(0), epoll_create1(0)};
    epoll_event level{.events = EPOLLIN, .data = {.u64 = mark}};
    epoll_event edge{.events = EPOLLIN | EPOLLET, .data = {.u64 = mark}};
    epoll_ctl(sets[0], EPOLL_CTL_ADD, PQsocket(c), &level);
    epoll_ctl(sets[1], EPOLL_CTL_ADD, PQsocket(c), &edge);
    for (int i = 0; i < 10; i++) {
        setenv("PQSWEEP_TAG", std::to_string(i).c_str(), 1);
        std::string reply = ask(c, [&] { return hears(sets[i % 2]); });
        if (reply != "heard") {
            printf("round %d: %s\n", i, reply.c_str());
            return 1;
        }
    }
    puts("all heard");
    PQfinish(c);
}
