// A library connects in its fork handlers, which it registered before the first connection: they run before the shim's in the
// parent and in the child, and after it before the fork. Prints the handlers whose shortest connect call took long.
// link: -lpq -pthread
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

struct Shortest {
    const char* handler;
    double time = 1e9;
    bool has_failed = false;

    void connect() {
        auto start = std::chrono::steady_clock::now();
        PGconn* c = PQconnectdb("");
        time = std::min(time, Milliseconds(std::chrono::steady_clock::now() - start).count());
        has_failed |= PQstatus(c) != CONNECTION_OK;
        PQfinish(c);
    }
    bool is_well() const {
        constexpr double limit = 300;
        if (has_failed || time > limit)
            printf("%s: %s, %.0f ms\n", handler, has_failed ? "not connected" : "connected", time);
        return !has_failed && time <= limit;
    }
};

Shortest before{"before"}, in_parent{"in the parent"}, in_child{"in the child"};

} // namespace

int main() {
    pthread_atfork([] { before.connect(); }, [] { in_parent.connect(); }, [] { in_child.connect(); });
    PQfinish(PQconnectdb(""));
    bool is_well = true;
    double shortest_in_child = 1e9;
    for (int i = 0; i < 4; i++) {
        int ends[2];
        if (pipe(ends) != 0)
            return 1;
        pid_t child = fork();
        if (child == 0) {
            bool is_written = write(ends[1], &in_child, sizeof in_child) == sizeof in_child;
            _exit(is_written ? 0 : 1);
        }
        Shortest of_child{};
        is_well &= read(ends[0], &of_child, sizeof of_child) == sizeof of_child && !of_child.has_failed;
        shortest_in_child = std::min(shortest_in_child, of_child.time);
        close(ends[0]);
        close(ends[1]);
        waitpid(child, nullptr, 0);
    }
    in_child.time = shortest_in_child;
    for (const Shortest* handler : {&before, &in_parent, &in_child})
        is_well &= handler->is_well();
    puts(is_well ? "all well" : "not as expected");
}
