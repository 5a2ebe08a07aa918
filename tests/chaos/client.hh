// A client is a thread with connections of its own. It does at random what programs do with libpq.
#pragma once

#include "tests/chaos/world.hh"

#include <libpq-fe.h>
#include <random>
#include <vector>

namespace pqsweep::chaos {

class Client {
public:
    Client(World& world, unsigned seed) : world_(world), random_(seed) {}

    // Performs one action. Returns within a few seconds, whatever the server does.
    void step();
    // Finishes what is open.
    void finish_all();
    const Counts& counts() const { return counts_; }

private:
    struct Held {
        PGconn* conn;
        Record* record; // null: this client no longer owns it
        Record::Kind kind;
    };
    struct Action;
    static const Action actions[];
    class Use;

    std::string somewhere(Held& held);
    void open();
    void open_async();
    void drive(PGconn* conn, PostgresPollingStatusType (*poll_once)(PGconn*));
    void finish(Held& held);
    void leak(Held& held);
    void close_behind(Held& held);

    void query(Held& held);
    void fail(Held& held);
    void begin(Held& held);
    void end(Held& held);
    void set(Held& held);
    void prepare(Held& held);
    void make_temporary(Held& held);
    void listen(Held& held);
    void notifies(Held& held);
    void copy_in(Held& held);
    void copy_out(Held& held);
    void pipeline(Held& held);
    void send(Held& held);
    void receive(Held& held);
    void nonblocking(Held& held);
    void cancel(Held& held);
    void reset(Held& held);
    void reset_async(Held& held);
    void fork_child(Held& held);
    void spawn(Held& held);

    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    static void execute(PGconn* conn, const char* sql) { PQclear(PQexec(conn, sql)); }
    static bool await(PGconn* conn);
    static void drain(PGconn* conn);

    World& world_;
    std::mt19937 random_;
    std::vector<Held> held_;
    std::vector<Held> leaked_; // not used again before finish_all()
    Counts counts_;
};

} // namespace pqsweep::chaos
