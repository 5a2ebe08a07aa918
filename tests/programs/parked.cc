// An event loop that has the socket of an idle connection hears nothing of the connection's sweep, and everything of its next use.
// parked loop: epoll sets of each kind have the socket. Prints what each set hears between the sweep and the use, then whether
//   the registrations are as they were, and what each loop hears of a query.
// parked threads: one thread sends, and another one waits in poll. That one wakes up, as without parking.
// parked ring: an io_uring polls.
// parked other: an epoll set has the socket under another number.
// parked lost: the same, and the owner looks until it finds that the connection is lost. Then it sends a query.
// parked child: a child of fork has the socket, too, and uses it after the sweep.
// parked rollback: the owner only rolls back after the sweep, as a pool does with what comes back.
// parked transaction QUERY: the connection is in a transaction. Its owner looks for input, and then sends the query.
// parked asked STATEMENT: the statement has done something to the session that only the server knows.
// Each prints "swept" and waits for a line after its sweep.
// link: -lpq -pthread
#include "tests/programs/event_loop.hh"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <libpq-fe.h>
#include <linux/io_uring.h>
#include <mutex>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr uint64_t mark = 0x123456789abcdef;

void sweep() {
    static int number;
    setenv("PQSWEEP_TAG", std::to_string(number++).c_str(), 1);
    puts("swept");
    std::string line;
    std::getline(std::cin, line);
}

struct Loop {
    const char* name;
    uint32_t events;
    int set = epoll_create1(EPOLL_CLOEXEC);

    void watch(int fd, int operation = EPOLL_CTL_ADD) const {
        epoll_event event{.events = events, .data = {.u64 = mark}};
        if (epoll_ctl(set, operation, fd, &event) != 0)
            perror("epoll_ctl");
    }
    // Returns what the set hears within that time. An edge of writability means nothing.
    uint32_t hear(int milliseconds) const {
        epoll_event event{};
        bool is_one = epoll_wait(set, &event, 1, milliseconds) == 1;
        return is_one ? (event.data.u64 == mark ? event.events & ~uint32_t(EPOLLOUT) : ~0u) : 0;
    }
    // Returns whether it hears of input within ten seconds, perhaps after an edge of writability.
    bool hears_input() const {
        for (uint32_t heard = 0; !(heard & EPOLLIN);) {
            epoll_event event{};
            if (epoll_wait(set, &event, 1, 10000) != 1 || event.data.u64 != mark)
                return false;
            heard = event.events;
        }
        return true;
    }
    // Returns what the kernel says of the set's registrations, without the files' numbers.
    std::string registrations() const {
        std::ifstream info("/proc/self/fdinfo/" + std::to_string(set));
        std::string all;
        for (std::string line; std::getline(info, line);)
            if (line.starts_with("tfd:"))
                all += line.substr(0, line.find("pos:"));
        return all;
    }
};

void with_loops(PGconn* c) {
    const Loop loops[] = {{"level", EPOLLIN},
                          {"edge", EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET},
                          {"exclusive", EPOLLIN | EPOLLEXCLUSIVE},
                          {"one shot", EPOLLIN | EPOLLONESHOT}};
    std::vector<std::string> before;
    for (const Loop& loop : loops) {
        loop.watch(PQsocket(c));
        loop.hear(0);
        before.push_back(loop.registrations());
    }
    for (const Loop& loop : loops) {
        sweep();
        std::string heard;
        for (const Loop& each : loops)
            heard += each.hear(0) ? std::string(each.name) + " wakes up, " : "";
        bool is_same = true;
        for (size_t i = 0; i < before.size(); i++)
            is_same &= loops[i].registrations() == before[i];
        pollfd fd{PQsocket(c), POLLIN | POLLRDHUP, 0};
        char byte = 0;
        bool has_end = poll(&fd, 1, 0) != 0 || recv(PQsocket(c), &byte, 1, MSG_DONTWAIT) != -1;
        int looks = 0;
        while (looks < 20 && PQconsumeInput(c) == 1)
            looks++;
        std::string reply = ask(c, [&] { return loop.hears_input(); });
        printf("%s: %s%s%s%s\n", loop.name, heard.c_str(), is_same ? "" : "registrations differ, ",
               has_end || looks < 20 ? "an end is seen, " : "", reply.c_str());
        loops[3].watch(PQsocket(c), EPOLL_CTL_MOD);
    }
}

void with_threads(PGconn* c) {
    std::mutex mutex;
    std::condition_variable has_news;
    bool has_read = false;
    std::thread waits([&] {
        pollfd fd{PQsocket(c), POLLIN, 0};
        poll(&fd, 1, -1);
        PQconsumeInput(c);
        while (PGresult* result = PQgetResult(c))
            PQclear(result);
        {
            std::lock_guard lock(mutex);
            has_read = true;
        }
        has_news.notify_one();
        poll(&fd, 1, -1);
    });
    PQsendQuery(c, "select 1");
    std::unique_lock lock(mutex);
    has_news.wait(lock, [&] { return has_read; });
    sweep();
    waits.join();
    puts("the other thread wakes up");
}

// Asks a new io_uring to say over and over when there is input.
void poll_by_ring(int fd) {
    io_uring_params parameters{};
    int ring = static_cast<int>(syscall(SYS_io_uring_setup, 4, &parameters));
    auto map = [&](size_t size, off_t offset) {
        return static_cast<char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, offset));
    };
    char* queue = map(parameters.sq_off.array + 4 * sizeof(unsigned), IORING_OFF_SQ_RING);
    auto* entry = reinterpret_cast<io_uring_sqe*>(map(4 * sizeof(io_uring_sqe), IORING_OFF_SQES));
    if (ring < 0 || queue == MAP_FAILED || static_cast<void*>(entry) == MAP_FAILED) {
        puts("no io_uring");
        exit(0);
    }
    *entry = {};
    entry->opcode = IORING_OP_POLL_ADD;
    entry->fd = fd;
    entry->poll32_events = POLLIN;
    entry->len = IORING_POLL_ADD_MULTI;
    reinterpret_cast<unsigned*>(queue + parameters.sq_off.array)[0] = 0;
    *reinterpret_cast<unsigned*>(queue + parameters.sq_off.tail) = 1;
    syscall(SYS_io_uring_enter, ring, 1, 0, 0, nullptr, 0);
}

// A child has the same socket, so that only a shutdown ends the session, and the same epoll set.
void with_child(PGconn* c) {
    Loop loop{"shared", EPOLLIN};
    loop.watch(PQsocket(c));
    int until_end[2];
    if (pipe(until_end) != 0)
        return;
    pid_t holder = fork();
    if (holder == 0) {
        char byte = 0;
        close(until_end[1]);
        _exit(read(until_end[0], &byte, 1) == 0 ? 0 : 1);
    }
    sweep();
    printf("the loop %s\n", loop.hear(0) ? "wakes up" : "sleeps");
    pid_t user = fork();
    if (user == 0) {
        PQclear(PQexec(c, "select 1"));
        printf("child: %.*s\n", 41, PQerrorMessage(c));
        fflush(stdout);
        _exit(0);
    }
    waitpid(user, nullptr, 0);
    puts(ask(c, [&] { return loop.hears_input(); }).c_str());
    close(until_end[1]);
    waitpid(holder, nullptr, 0);
}

// The ROLLBACK is answered by a session that ends with it, and the connection is parked again.
void with_rollback(PGconn* c) {
    Loop loop{"pool", EPOLLIN};
    loop.watch(PQsocket(c));
    sweep();
    PGresult* result = PQexec(c, "rollback");
    printf("%s, the loop %s\n", PQcmdStatus(result), loop.hear(0) ? "wakes up" : "sleeps");
    PQclear(result);
    char byte = 0;
    puts(recv(PQsocket(c), &byte, 1, MSG_DONTWAIT) == -1 ? "no end" : "an end is seen");
    puts(ask(c, [&] { return loop.hears_input(); }).c_str());
}

void with_lost(PGconn* c) {
    Loop loop{"loop", EPOLLIN}, other{"other", EPOLLIN};
    loop.watch(PQsocket(c));
    other.watch(dup(PQsocket(c)));
    sweep();
    int looks = 0;
    while (looks < 20 && PQconsumeInput(c) == 1)
        looks++;
    printf("%s\n", looks < 20 ? "lost" : "not lost");
    puts(ask(c, [&] { return loop.hears_input(); }).c_str());
}

void with_transaction(PGconn* c, const char* query) {
    Loop loop{"loop", EPOLLIN};
    PQclear(PQexec(c, "begin"));
    loop.watch(PQsocket(c));
    sweep();
    int looks = 0;
    while (looks < 20 && PQconsumeInput(c) == 1)
        looks++;
    printf("the loop %s, %s\n", loop.hear(0) ? "wakes up" : "sleeps",
           looks < 20 ? "lost" : "nothing to read");
    puts(ask(
             c, [&] { return loop.hears_input(); }, query)
             .c_str());
}

void with_question(PGconn* c, const char* statement) {
    PQclear(PQexec(c, statement));
    Loop loop{"pool", EPOLLIN};
    loop.watch(PQsocket(c));
    sweep();
    printf("the loop %s\n", loop.hear(0) ? "wakes up" : "sleeps");
    puts(ask(c, [&] { return loop.hears_input(); }).c_str());
}

} // namespace

int main(int, char** argv) {
    setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    PGconn* c = PQconnectdb(getenv("CONNINFO") ? getenv("CONNINFO") : "");
    std::string how = argv[1];
    if (how == "loop") {
        with_loops(c);
    } else if (how == "threads") {
        with_threads(c);
    } else if (how == "rollback") {
        with_rollback(c);
    } else if (how == "transaction") {
        with_transaction(c, argv[2]);
    } else if (how == "lost") {
        with_lost(c);
    } else if (how == "child") {
        with_child(c);
    } else if (how == "asked") {
        with_question(c, argv[2]);
    } else {
        Loop loop{"other", EPOLLIN};
        how == "ring" ? poll_by_ring(PQsocket(c)) : loop.watch(dup(PQsocket(c)));
        sweep();
        printf("%s\n", ask(c, [] { return true; }).c_str());
        PGresult* result = PQexec(c, "select 'revived'");
        puts(PQntuples(result) ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result));
        PQclear(result);
    }
    PQfinish(c);
}
