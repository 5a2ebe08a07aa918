// doer PAGE SEED [limited]
//
// A program full of threads does at random what programs do with libpq, until the page says stop. It prints on standard
// output what it did, and each violation that it sees itself. The checker outside looks at the server. The program knows
// nothing of pqsweep but its variable. With `limited`, descriptors are short now and then.
// link: -lpq -pthread
#include "tests/chaos/bystanders.hh"
#include "tests/chaos/client.hh"
#include "tests/chaos/violation.hh"
#include "tests/chaos/world.hh"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <functional>
#include <memory>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>

namespace pqsweep::chaos {

namespace {

constexpr unsigned clients = 3, most_clients = 10;

Page& map_page(const char* path) {
    int fd = ::open(path, O_RDWR | O_CLOEXEC);
    void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        violation(std::string(path) + ": " + strerror(errno));
    close(fd);
    return *static_cast<Page*>(memory);
}

void pause_up_to(std::mt19937& random, unsigned milliseconds) {
    poll(nullptr, 0, static_cast<int>(random() % milliseconds));
}

// A connection that no sweep may end. Its thread checks its session again and again.
class Witness {
public:
    Witness(World& world, const std::string& kind)
        : world_(world), kind_(kind), conninfo_("application_name=" + world.name + "-" + kind) {
        connect();
    }
    ~Witness() { PQfinish(conn_); }
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    // After a disruption a kept connection is opened again. An untagged one can't be, because now there is a tag.
    void check() {
        if (is_lost_) {
            if (kind_ == "kept" && world_.page.disruptions % 2 == 0) {
                PQfinish(conn_);
                connect();
            }
            return;
        }
        PGresult* result = PQexec(conn_, "select pg_backend_pid()");
        bool is_same = PQntuples(result) == 1 && PQgetvalue(result, 0, 0) == std::to_string(backend_);
        std::string error = PQerrorMessage(conn_);
        PQclear(result);
        if (is_same)
            return;
        uint64_t disruptions = world_.page.disruptions;
        if (disruptions % 2 == 0 && disruptions == seen_)
            violation("the " + kind_ + " connection is gone: " + error);
        is_lost_ = true;
    }

private:
    void connect() {
        seen_ = world_.page.disruptions;
        conn_ = PQconnectdb(conninfo_.c_str());
        is_lost_ = PQstatus(conn_) != CONNECTION_OK;
        backend_ = PQbackendPID(conn_);
    }

    World& world_;
    std::string kind_, conninfo_;
    PGconn* conn_ = nullptr;
    int backend_ = 0;
    uint64_t seen_ = 0; // disruptions when it was opened
    bool is_lost_ = false;
};

void change_tags(World& world, std::mt19937& random) {
    uint64_t number = world.page.begun + 1;
    world.page.begun = number;
    std::string tag = "tag " + std::to_string(number);
    if (random() % 10 == 0) {
        std::scoped_lock all(world.opening, world.environment);
        unsetenv("PQSWEEP_TAG");
        setenv("PQSWEEP_TAG", tag.c_str(), 1);
    } else {
        std::scoped_lock lock(world.environment);
        setenv("PQSWEEP_TAG", tag.c_str(), 1);
    }
    world.page.ended = number - 1;
    world.add({{"tag change", 1}});
    pause_up_to(random, random() % 4 ? 20 : random() % 4 ? 300 : 1000);
}

// Changes an entry that exists: libpq reads the environment when it connects, and glibc does not bear that an entry
// is added meanwhile.
void change_environment(World& world, std::mt19937& random) {
    {
        std::scoped_lock lock(world.environment);
        setenv("UNRELATED", std::to_string(random()).c_str(), 1);
    }
    world.add({{"setenv", 1}});
    pause_up_to(random, 3);
}

// Takes all free descriptors for a moment.
void take_descriptors(World& world, std::mt19937& random) {
    std::vector<int> taken;
    for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
        taken.push_back(fd);
    world.add({{"descriptors exhausted", 1}});
    pause_up_to(random, 100);
    for (int fd : taken)
        close(fd);
    pause_up_to(random, 100);
}

// TSan does not know of the shim's handler, which must not interrupt its runtime. Under TSan, threads take signals only
// between two steps, in a system call.
#ifdef __SANITIZE_THREAD__
constexpr bool is_choosy = true;
#else
constexpr bool is_choosy = false;
#endif

void let_signals(int how) {
    sigset_t outside;
    sigemptyset(&outside);
    sigaddset(&outside, SIGRTMIN + 7);
    syscall(SYS_rt_sigprocmask, how, &outside, nullptr, sizeof(uint64_t));
}

// Lets them in for so long.
void take_signals(timespec time = {}) {
    let_signals(SIG_UNBLOCK);
    if (time.tv_nsec > 0)
        syscall(SYS_nanosleep, &time, nullptr);
    if (is_choosy)
        let_signals(SIG_BLOCK);
}

long open_descriptors() {
    long count = 0;
    DIR* directory = opendir("/proc/self/fd");
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

int run(const char* path, unsigned seed, bool is_limited) {
    World world(map_page(path), "chaos-" + std::to_string(getpid()));
    if (is_limited) {
        rlimit limit{256, 256};
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    long descriptors = open_descriptors();
    std::vector<Client> all;
    for (unsigned i = 0; i < (seed % 8 ? clients : most_clients); i++)
        all.emplace_back(world, seed + 100 + i);
    {
        unsetenv("PQSWEEP_TAG");
        setenv("UNRELATED", "", 1);
        Witness untagged(world, "untagged");
        std::mt19937 random(seed);
        change_tags(world, random);
        Witness kept(world, "kept");

        if (is_choosy)
            let_signals(SIG_BLOCK);
        std::vector<std::thread> threads;
        auto start = [&](const std::function<void(std::mt19937&)>& step) {
            size_t i = threads.size();
            threads.emplace_back([&world, step, i, seed] {
                std::mt19937 own(seed + static_cast<unsigned>(i));
                for (Word& beat = world.page.beats[i]; !world.is_over(); step(own)) {
                    beat++;
                    take_signals();
                }
                world.page.beats[i] = 0;
            });
        };
        start([&](auto& r) { change_tags(world, r); });
        start([&](auto& r) { change_environment(world, r); });
        start([&, bystanders = std::make_shared<Bystanders>(seed)](auto&) { bystanders->step(); });
        start([&](auto& r) {
            untagged.check();
            kept.check();
            pause_up_to(r, 20);
        });
        for (Client& client : all)
            start([&](auto&) { client.step(); });
        if (is_limited)
            start([&](auto& r) { take_descriptors(world, r); });
        let_signals(SIG_BLOCK); // else the kernel gives all signals to this thread, which only waits
        world.page.phase = Phase::working;
        for (std::thread& thread : threads)
            thread.join();
        for (Client& client : all)
            world.add(client.counts());
        untagged.check();
        kept.check();
        world.page.phase = Phase::quiet;
        while (!world.page.may_leave)
            take_signals({0, 5'000'000}); // a command from outside waits for such a time
    }
    for (const auto& [what, times] : world.counts)
        printf("%ld %s\n", times, what.c_str());
    fflush(stdout);
    if (seed % 3 == 0)
        _exit(0);
    if (seed % 3 == 1) {
        for (Client& client : all)
            client.finish_all();
        if (!world.counts["close behind"] && open_descriptors() != descriptors)
            violation(std::to_string(open_descriptors()) + " descriptors are open, there were " +
                      std::to_string(descriptors));
    }
    world.page.phase = Phase::over;
    return 0;
}

} // namespace

} // namespace pqsweep::chaos

int main(int argc, char** argv) {
    return pqsweep::chaos::run(argv[1], static_cast<unsigned>(atol(argv[2])),
                               argc > 3 && !strcmp(argv[3], "limited"));
}
