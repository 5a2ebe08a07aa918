#include "tests/chaos/client.hh"

#include "tests/chaos/violation.hh"

#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

namespace pqsweep::chaos {

namespace {

constexpr size_t most_held = 6, most_leaked = 24;
constexpr long most_closed_behind = 20; // their records stay

std::string variable(const char* name) {
    const char* value = getenv(name);
    return value ? value : "";
}

constexpr int stuck = 77;

// If another thread held libpq's own lock when this child was forked, libpq waits for ever, with the shim or
// without.
[[noreturn]] void on_alarm(int) {
    void* frames[32];
    int count = backtrace(frames, 32);
    Dl_info caller{}, called{};
    for (int i = 1; i < count && dladdr(frames[i], &caller); called = caller, i++)
        if (called.dli_sname && strstr(called.dli_sname, "pthread_mutex_lock") &&
            strstr(caller.dli_fname, "libpq.so"))
            _exit(stuck);
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
    violation("a forked child hangs");
}

// Runs in the child of a fork, which has its parent's connections and must not hurt them.
[[noreturn]] void live_in_child(unsigned seed) {
    signal(SIGALRM, on_alarm);
    alarm(15);
    const char* conninfo =
        "connect_timeout=3 application_name=chaos-child sslmode=disable gssencmode=disable";
    PGconn* first = PQconnectdb(conninfo);
    PQclear(PQexec(first, "select 1"));
    setenv("PQSWEEP_TAG", "of the child", 1);
    PGconn* second = PQconnectdb(conninfo);
    PQclear(PQexec(second, "begin"));
    setenv("PQSWEEP_TAG", "next of the child", 1);
    PQclear(PQexec(second, "select 1"));
    if (seed % 2) {
        PQfinish(first);
        PQfinish(second);
    }
    _exit(0);
}

} // namespace

struct Client::Action {
    const char* name;
    void (Client::*run)(Held&);
    unsigned weight;
};

const Client::Action Client::actions[] = {
    {"query", &Client::query, 20},
    {"error", &Client::fail, 4},
    {"begin", &Client::begin, 5},
    {"commit or rollback", &Client::end, 6},
    {"set", &Client::set, 5},
    {"prepare", &Client::prepare, 5},
    {"temporary table", &Client::make_temporary, 1},
    {"listen", &Client::listen, 3},
    {"notifies", &Client::notifies, 3},
    {"copy in", &Client::copy_in, 5},
    {"copy out", &Client::copy_out, 5},
    {"pipeline", &Client::pipeline, 5},
    {"send", &Client::send, 5},
    {"receive", &Client::receive, 8},
    {"nonblocking", &Client::nonblocking, 3},
    {"cancel", &Client::cancel, 3},
    {"reset", &Client::reset, 3},
    {"reset async", &Client::reset_async, 3},
    {"finish", &Client::finish, 10},
    {"leak", &Client::leak, 4},
    {"close behind", &Client::close_behind, 1},
    {"fork", &Client::fork_child, 1},
    {"spawn", &Client::spawn, 1},
};

// While its thread is in libpq, the state of a connection is unknown. The tag's number is read afterwards: it is an upper
// bound, because it is written before the tag is set.
class Client::Use {
public:
    Use(World& world, Held& held) : world_(world), held_(held) { held.record->set(Record::Kind::busy); }
    ~Use() {
        if (held_.record)
            held_.record->set(held_.kind, held_.conn ? PQbackendPID(held_.conn) : 0,
                              world_.page.newest_tag());
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

private:
    World& world_;
    Held& held_;
};

void Client::step() {
    if (held_.size() < most_held && (held_.empty() || below(4) == 0)) {
        below(3) ? open() : open_async();
        return;
    }
    unsigned total = 0;
    for (const Action& action : actions)
        total += action.weight;
    unsigned chosen = below(total);
    const Action* action = actions;
    for (; chosen >= action->weight; action++)
        chosen -= action->weight;
    counts_[action->name]++;
    size_t i = below(static_cast<unsigned>(held_.size()));
    {
        Use use(world_, held_[i]);
        (this->*action->run)(held_[i]);
    }
    if (!held_[i].record) {
        held_[i] = held_.back();
        held_.pop_back();
    }
}

// Chooses a server address and a user.
std::string Client::somewhere(Held& held) {
    std::string conninfo = "connect_timeout=3 gssencmode=disable application_name=" + world_.name;
    switch (below(8)) {
    case 0:
        counts_["through TLS"]++;
        return variable("TESTS_TLS") + " " + conninfo;
    case 1:
        counts_["through the proxy"]++;
        held.kind = Record::Kind::loose;
        return variable("CHAOS_PROXY") + " " + conninfo;
    case 2:
        counts_["through the proxy, TLS"]++;
        held.kind = Record::Kind::loose;
        return variable("CHAOS_PROXY_TLS") + " " + conninfo;
    default:
        return conninfo;
    }
}

void Client::open() {
    counts_["connect"]++;
    Held held{nullptr, &world_.new_record(), Record::Kind::bound};
    {
        std::shared_lock lock(world_.opening);
        Use use(world_, held);
        std::string conninfo = somewhere(held);
        const char* keywords[] = {"dbname", nullptr};
        const char* values[] = {conninfo.c_str(), nullptr};
        held.conn = below(2) ? PQconnectdb(conninfo.c_str()) : PQconnectdbParams(keywords, values, 1);
    }
    held_.push_back(held);
}

void Client::open_async() {
    counts_["connect async"]++;
    Held held{nullptr, &world_.new_record(), Record::Kind::bound};
    {
        std::shared_lock lock(world_.opening);
        Use use(world_, held);
        held.conn = PQconnectStart(somewhere(held).c_str());
        drive(held.conn, PQconnectPoll);
    }
    held_.push_back(held);
}

// Sometimes gives up half-way.
void Client::drive(PGconn* conn, PostgresPollingStatusType (*poll_once)(PGconn*)) {
    if (!conn || PQstatus(conn) == CONNECTION_BAD)
        return;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED && below(20)) {
        pollfd fd{PQsocket(conn), short(status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN), 0};
        if (poll(&fd, 1, 3000) <= 0)
            return;
        status = poll_once(conn);
    }
}

void Client::finish(Held& held) {
    PQfinish(held.conn);
    held.record->set(Record::Kind::unused);
    held.record = nullptr;
}

void Client::leak(Held& held) {
    if (leaked_.size() >= most_leaked)
        return finish(held);
    held.record->set(held.kind, PQbackendPID(held.conn), world_.page.newest_tag());
    leaked_.push_back(held);
    held.record = nullptr;
}

// Another file will get the number, so the PGconn must never be finished.
void Client::close_behind(Held& held) {
    if (counts_["close behind"] > most_closed_behind)
        return finish(held);
    if (PQsocket(held.conn) >= 0 && !PQsslInUse(held.conn))
        close(PQsocket(held.conn));
    held.record->set(Record::Kind::loose, PQbackendPID(held.conn));
    held.record = nullptr;
}

void Client::reset(Held& held) {
    std::shared_lock lock(world_.opening);
    PQreset(held.conn);
}

void Client::reset_async(Held& held) {
    std::shared_lock lock(world_.opening);
    if (PQresetStart(held.conn))
        drive(held.conn, PQresetPoll);
}

void Client::fork_child(Held&) {
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    return; // a child of a program with threads can hang in the runtime
#endif
    unsigned seed = below(1000);
    pid_t child = -1;
    {
        std::scoped_lock lock(world_.environment);
        child = fork();
        if (child == 0)
            live_in_child(seed);
    }
    int status = 0;
    if (child <= 0 || waitpid(child, &status, 0) != child || status == 0)
        return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == stuck)
        counts_["fork amid libpq's lock"]++;
    else
        violation("a forked child ended with wait status " + std::to_string(status));
}

void Client::spawn(Held&) {
    char program[] = "/bin/true";
    char* arguments[] = {program, nullptr};
    std::scoped_lock lock(world_.environment);
    pid_t child = -1;
    int status = 0;
    if (posix_spawn(&child, program, nullptr, nullptr, arguments, environ) == 0 &&
        waitpid(child, &status, 0) == child && status != 0)
        violation("a spawned program ended with wait status " + std::to_string(status));
}

void Client::finish_all() {
    for (std::vector<Held>* all : {&held_, &leaked_}) {
        for (Held& held : *all)
            finish(held);
        all->clear();
    }
}

} // namespace pqsweep::chaos
