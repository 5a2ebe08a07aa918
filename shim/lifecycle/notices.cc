#include "shim/lifecycle/notices.hh"

#include "shim/lifecycle/sessions.hh"

namespace pqsweep::notices {

namespace {

void drop(void*, const PGresult*) {}

} // namespace

void note(const Table& table, const Connection& c, PQnoticeReceiver function, void* argument) {
    sessions::notice_receiver(table, c) = {function, argument, false};
}

void note_unknown(const Table& table, const Connection& c) {
    sessions::notice_receiver(table, c).is_unknown = true;
}

Silence::Silence(const Table& table, const Connection& c, PGconn* conn) : table_(table), c_(c), conn_(conn) {
    sessions::NoticeReceiver& receiver = sessions::notice_receiver(table, c);
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
    const sessions::NoticeReceiver& receiver = sessions::notice_receiver(table_, c_);
    if (is_silent_) // else a receiver that was set out of sight keeps its argument
        c_.libpq->PQsetNoticeReceiver(conn_, receiver.function, receiver.argument);
}

} // namespace pqsweep::notices
