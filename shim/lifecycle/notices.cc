#include "shim/lifecycle/notices.hh"

#include "shim/lifecycle/per_connection.hh"

namespace pqsweep::notices {

namespace {

struct Receiver {
    PQnoticeReceiver function;
    void* argument;
    bool is_unknown;
};
constinit PerConnection<Receiver> receivers{};

void drop(void*, const PGresult*) {}

} // namespace

bool begin(const Table& table, const Connection& c) {
    bool has_memory = receivers.reach(table, c);
    if (has_memory)
        receivers.of(table, c) = {};
    return has_memory;
}

void note(const Table& table, const Connection& c, PQnoticeReceiver function, void* argument) {
    receivers.of(table, c) = {function, argument, false};
}

void note_unknown(const Table& table, const Connection& c) {
    receivers.of(table, c).is_unknown = true;
}

Silence::Silence(const Table& table, const Connection& c, PGconn* conn)
    : table_(table), c_(c), conn_(conn),
      is_silent_(c.libpq->PQsetNoticeReceiver && !receivers.of(table, c).is_unknown) {
    if (!is_silent_)
        return;
    PQnoticeReceiver former = c.libpq->PQsetNoticeReceiver(conn, drop, nullptr);
    if (former != drop)
        receivers.of(table, c).function = former;
}

Silence::~Silence() {
    const Receiver& receiver = receivers.of(table_, c_);
    if (is_silent_)
        c_.libpq->PQsetNoticeReceiver(conn_, receiver.function, receiver.argument);
}

} // namespace pqsweep::notices
