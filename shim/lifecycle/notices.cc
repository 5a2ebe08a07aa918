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

Silence::Silence(const Table& table, const Connection& c, PGconn* conn) : table_(table), c_(c), conn_(conn) {
    Receiver& receiver = receivers.of(table, c);
    if (receiver.is_unknown || !c.libpq->PQsetNoticeReceiver)
        return;
    PQnoticeReceiver now = c.libpq->PQsetNoticeReceiver(conn, nullptr, nullptr); // only asks
    bool is_libpqs = c.libpq->contains(reinterpret_cast<const void*>(now));      // which needs no argument
    if (!receiver.function && is_libpqs)
        receiver.function = now;
    is_silent_ = now == receiver.function || now == drop;
    if (is_silent_)
        c.libpq->PQsetNoticeReceiver(conn, drop, nullptr);
}

Silence::~Silence() {
    const Receiver& receiver = receivers.of(table_, c_);
    if (is_silent_) // else a receiver that was set out of sight keeps its argument
        c_.libpq->PQsetNoticeReceiver(conn_, receiver.function, receiver.argument);
}

} // namespace pqsweep::notices
