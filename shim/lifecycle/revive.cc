#include "shim/lifecycle/revive.hh"

#include "shim/base/clock.hh"
#include "shim/base/environment.hh"
#include "shim/base/guards.hh"
#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/lifecycle/kept_descriptor.hh"
#include "shim/lifecycle/ledger.hh"
#include "shim/lifecycle/replay.hh"
#include "shim/lifecycle/sessions.hh"
#include "shim/lifecycle/tracker.hh"

namespace pqsweep::revive {

namespace {

bool is_wanted(Table& table, Connection& c, bool rolls_back) {
    const Straggler* record = table.stragglers.record(c.straggler());
    bool was_in_transaction =
        record && (record->activity == Activity::transaction || record->activity == Activity::failed);
    bool was_idle = record && record->activity == Activity::idle;
    return the_settings().revive && (was_idle || (was_in_transaction && rolls_back)) && !c.has_reason &&
           !c.is_unrestorable && sessions::of(table, c).loss() == Loss::none;
}

// As PQreset(). The environment holds still only while libpq works, and not while it waits for the server: the tag can change
// meanwhile [overtaken].
void reset(const Libpq& libpq, PGconn* conn) {
    constexpr int64_t patience = 5 * second;
    int64_t deadline = now() + patience;
    auto call = [&](auto function) {
        NotCancelled not_cancelled; // else a cancelled thread would leave the environment at a standstill
        environment::Standstill standstill;
        return function(conn);
    };
    if (!call(libpq.PQresetStart))
        return;
    for (auto status = PGRES_POLLING_WRITING;
         status == PGRES_POLLING_WRITING || status == PGRES_POLLING_READING; status = call(libpq.PQresetPoll))
        if (!sys::is_ready_within(libpq.PQsocket(conn), status == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                                  deadline - now()))
            return;
}

// Another session in the PGconn, like the last one. A sweep that came in between has left nothing of it. A connection that
// is lost in between leaves libpq in a pipeline, out of which only a fresh one helps.
Outcome reconnect(Table& table, Connection& c, PGconn* conn, const replay::ClientState& state,
                  bool opens_transaction, int64_t start) {
    constexpr int most_losses = 2;
    const Libpq& libpq = *c.libpq;
    tracker::reviving(table, c);
    for (int losses = 0;; losses++) {
        reset(libpq, conn);
        if (libpq.PQstatus(conn) != CONNECTION_OK)
            return Outcome::no_server;
        tracker::progressed(table, c, conn);
        replay::Outcome replayed = losses == most_losses ? replay::Outcome::failed
                                                         : replay::run(libpq, conn, sessions::of(table, c),
                                                                       state, opens_transaction);
        if (replayed == replay::Outcome::all)
            return Ledger(table).revived(c, now() - start) ? Outcome::done : Outcome::not_wanted;
        cut_socket(c.fd, c.cookie, {});
        if (replayed != replay::Outcome::lost || c.state() == State::swept)
            return Outcome::not_restorable;
    }
}

} // namespace

Outcome attempt(Table& table, Connection& c, PGconn* conn, bool rolls_back) {
    constexpr int most_sweeps = 8;
    if (!is_wanted(table, c, rolls_back))
        return Outcome::not_wanted;
    const Straggler* record = table.stragglers.record(c.straggler());
    bool opens_transaction = record->activity != Activity::idle;
    if (opens_transaction)
        sessions::of(table, c).rolls_back();
    int64_t start = now();
    replay::ClientState state(*c.libpq, conn);
    kept_descriptor::Keep keep(*c.libpq, c.libpq->PQsocket(conn));
    Outcome outcome = reconnect(table, c, conn, state, opens_transaction, start);
    for (int sweeps = 1; c.state() == State::swept && sweeps < most_sweeps; sweeps++)
        outcome = reconnect(table, c, conn, state, opens_transaction, start);
    if (outcome != Outcome::done) {
        if (c.state() == State::swept)
            outcome = Outcome::not_wanted;
        c.is_unrestorable = outcome == Outcome::not_restorable;
        Ledger(table).give_up(c);
        return outcome;
    }
    state.put_back();
    return Outcome::done;
}

bool can_wait(Table& table, Connection& c) {
    constexpr uint8_t patience = 8;
    if (!is_wanted(table, c, false) || c.activity != Activity::idle || sessions::of(table, c).listens() ||
        c.glances == patience)
        return false;
    c.glances = static_cast<uint8_t>(c.glances + 1);
    return true;
}

} // namespace pqsweep::revive
