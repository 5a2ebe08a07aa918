#include "shim/lifecycle/parking.hh"

#include "shim/base/socket.hh"
#include "shim/lifecycle/ledger.hh"
#include "tests/support/socket_pair.hh"

#include <atomic>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace pqsweep;
using pqsweep::tests::SocketPair;

namespace {

// A table with one connection, which was swept, and whose number the table holds.
struct Swept {
    Table& table;
    Connection& connection;
    EpollSets sets;

    Swept() : table(*table::create()), connection(*table.connections.add(conn(), nullptr)) {
        Ledger ledger(table);
        ledger.begin(connection);
        connection.activity = Activity::idle;
        ledger.open(connection);
        REQUIRE(ledger.sweep(connection, connection.word.load(), {}));
    }
    static const PGconn* conn() { return reinterpret_cast<const PGconn*>(16); }

    bool park(int fd, uint64_t cookie) {
        int former = parking::park(table, connection, fd, cookie, sets, parking::By::sweep);
        if (former >= 0)
            cut_copy(former, {});
        return former >= 0;
    }
    bool park(int fd) {
        table.held_numbers.hold(fd);
        return park(fd, socket_cookie(fd));
    }
};

bool is_readable(int fd) {
    pollfd wanted{fd, POLLIN, 0};
    return poll(&wanted, 1, 0) != 0;
}

} // namespace

TEST_SUITE_BEGIN("unit: parking");

TEST_CASE("the peer sees the end, and the number shows nothing") {
    Swept swept;
    SocketPair pair;
    CHECK(swept.park(pair.ends[0]));
    char byte = 0;
    CHECK(recv(pair.ends[1], &byte, 1, MSG_DONTWAIT) == 0);
    CHECK(is_inert_socket(pair.ends[0]));
    CHECK_FALSE(is_readable(pair.ends[0]));
    CHECK(send(pair.ends[0], "x", 1, MSG_NOSIGNAL) == -1);
    CHECK(swept.connection.cookie == socket_cookie(pair.ends[0]));
}

TEST_CASE("a number that was let go, another file, and an owner inside libpq: nothing is changed") {
    Swept swept;
    SocketPair pair, other;
    auto park = [&](uint64_t cookie) { return swept.park(pair.ends[0], cookie); };
    uint64_t cookie = socket_cookie(pair.ends[0]);
    CHECK_FALSE(park(cookie));
    swept.table.held_numbers.hold(pair.ends[0]);
    CHECK_FALSE(park(socket_cookie(other.ends[0])));
    swept.connection.inside = true;
    CHECK_FALSE(park(cookie));
    swept.connection.inside = false;
    CHECK(socket_cookie(pair.ends[0]) == cookie);
    CHECK(swept.table.held_numbers.let_go(pair.ends[0]));
    CHECK_FALSE(swept.table.held_numbers.let_go(pair.ends[0]));
    CHECK_FALSE(park(cookie));
}

TEST_CASE("a socket that an event loop has under another number is not parked") {
    SocketPair pair;
    int set = epoll_create1(0), copy = dup(pair.ends[0]);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 7}};
    REQUIRE(epoll_ctl(set, EPOLL_CTL_ADD, copy, &event) == 0);
    Swept swept;
    CHECK_FALSE(swept.park(pair.ends[0]));
    REQUIRE(epoll_ctl(set, EPOLL_CTL_DEL, copy, &event) == 0);
    CHECK(swept.park(pair.ends[0]));
    close(copy);
    close(set);
}

TEST_CASE("no file is replaced that another thread puts under the number meanwhile") {
    constexpr int rounds = 5000;
    Swept swept;
    int number = fcntl(0, F_DUPFD, 100), foreign = open("/dev/null", O_RDONLY);
    struct stat wanted {};
    REQUIRE(fstat(foreign, &wanted) == 0);
    std::atomic<int> begun = -1, met = -1, parked = -1, checked = -1; // the rounds that got so far
    int replaced = 0;
    std::thread other([&] {
        for (int i = 0; i < rounds; i++) {
            while (begun < i)
                std::this_thread::yield();
            met = i;
            for (std::atomic<int> spin = 0; spin < i % 4000; spin++) {
            }
            swept.table.held_numbers.let_go(number); // as our hook of dup2 does
            dup2(foreign, number);
            struct stat status {};
            while (parked < i)
                std::this_thread::yield();
            replaced += fstat(number, &status) != 0 || status.st_rdev != wanted.st_rdev;
            checked = i;
        }
    });
    for (int i = 0; i < rounds; i++) {
        SocketPair pair;
        dup2(pair.ends[0], number);
        swept.table.held_numbers.hold(number);
        begun = i;
        while (met < i)
            std::this_thread::yield();
        swept.park(number, socket_cookie(pair.ends[0]));
        parked = i;
        while (checked < i)
            std::this_thread::yield();
    }
    other.join();
    close(number);
    close(foreign);
    CHECK(replaced == 0);
}

TEST_SUITE_END();
