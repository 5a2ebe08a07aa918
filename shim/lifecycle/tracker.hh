// The owner's side: what the thread that makes a libpq call does before and after the real one, to keep the
// connection's slot in step with its PGconn. This is the only code that asks libpq about a PGconn, always in
// the thread that was given it for the call.
//
// Nothing here holds a lock while libpq works, and nothing changes errno.
#pragma once

#include "shim/lifecycle/tag.hh"
#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::tracker {

// A connect call answered `conn`: tracks it, and notes how far it got. `is_done`: control goes back to the
// program, not to an outer call inside libpq.
void connected(Table& table, PGconn* conn, const Libpq* libpq, bool is_done);

// A connection attempt may have moved on: another socket, the end of the handshake, failure.
void progressed(Table& table, Connection& connection, PGconn* conn);

// The program asked for a new session in the same PGconn.
void resetting(Table& table, Connection& connection);

// The shim is about to reset it, for a connection that was swept; afterwards it belongs to the current tag.
void reviving(Table& table, Connection& connection);

// The PGconn is about to be freed.
void finishing(Table& table, Connection& connection);

// A swept connection is about to be used for something that `expects_reply`, or only for a look at what the
// server sent. Puts the reason where libpq will find it; false if it can't, or did so before.
bool using_swept(Table& table, Connection& connection, bool expects_reply);

// As settle(), for what is seldom: a lost connection, and one whose owner was just told of its end.
void settle_seldom(Table& table, Connection& connection, PGconn* conn, PGTransactionStatusType status);

// Shows the reason of an idle connection, delivered before, through its notice receiver.
void tell_by_notice(Connection& connection, PGconn* conn);

// A command that goes on has answered `result`: is it a COPY?
void note_result(Connection& connection, const PGresult* result);

// What a call does with its connection: `go_on` does nothing where no command is under way.
enum class Use : uint8_t { go_on, work, finish };

// A connection of the parent process is about to be used: notes it, for the summary.
void using_inherited(Connection& inherited, Use use);

// One is about to be reset, which ends the parent's session; the new one will be this process's own. Null if it can't
// be tracked.
Connection* adopting(Table& table, Connection& inherited, const PGconn* conn);

// From now on the connection lives for the fixture that is being set up, else for the current tag. While neither is set, it
// lives for what it lived for.
inline void live_for_current(Table& table, Connection& c) {
    if (TextId fixture = table.fixture; fixture != TextId::none)
        c.lifetime = Lifetime::of_fixture(fixture);
    else if (table.tag != TextId::none)
        c.lifetime = Lifetime::of_tag(table.epoch);
}

// The owner thread is about to start work on the connection. Until a transaction ends, it lives for the fixture that was
// being set up when the transaction began, or for the tag that uses it last.
inline void starting_work(Table& table, Connection& c) {
    c.last_test = tag::test(table);
    Lifetime lifetime = c.lifetime;
    if (c.activity == Activity::idle && !lifetime.is_endless())
        live_for_current(table, c);
    else if (!lifetime.is_endless() && !lifetime.is_fixtures() && table.tag != TextId::none)
        c.lifetime = Lifetime::of_tag(table.epoch);
    if (!is_busy(c.activity))
        c.mid_message = false;
    c.activity = Activity::running;
}

// Notes what the connection is doing now that a real call has returned. `only_read`: it started nothing.
inline void settle(Table& table, Connection& c, PGconn* conn, bool only_read) {
    constexpr Activity activity_of[] = {Activity::idle, Activity::running, Activity::transaction,
                                        Activity::failed};
    static_assert(PQTRANS_IDLE == 0 && PQTRANS_ACTIVE == 1 && PQTRANS_INTRANS == 2 && PQTRANS_INERROR == 3);
    PGTransactionStatusType status = c.libpq->PQtransactionStatus(conn);
    // No pipeline begins or ends while something is under way.
    if (status == PQTRANS_ACTIVE && only_read && is_busy(c.activity) && !c.has_reason)
        return;
    if (status == PQTRANS_ACTIVE || status == PQTRANS_UNKNOWN || c.has_reason) [[unlikely]]
        settle_seldom(table, c, conn, status);
    else
        c.activity = activity_of[status];
}

} // namespace pqsweep::tracker
