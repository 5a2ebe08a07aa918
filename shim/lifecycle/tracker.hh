// The tracker: keeps a connection's slot in step with its PGconn, before and after each real call.
//
// It asks libpq about the PGconn, and notes in the slot what a sweep needs. The ledger counts and journals. (Other code asks
// libpq for its own purposes: revive, sessions, introduce, and terminate_at_exit for TLS.)
//
// Context: owner thread. errno: kept. Locks: none is held while libpq works.
#pragma once

#include "shim/base/clock.hh"
#include "shim/lifecycle/tag.hh"
#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::tracker {

inline constinit thread_local char this_thread{}; // of which only the address means something

// A connect call has returned `conn`: tracks it, and notes how far it has come. `is_done`: the program gets it now, and
// no outer call inside libpq.
void connected(Table& table, PGconn* conn, const Libpq* libpq, bool is_done);

// Notes how far a connection attempt has come: to another socket, to the end of the handshake, to a failure.
void progressed(Table& table, Connection& connection, PGconn* conn);

// The program is about to make a new session in the same PGconn.
void resetting(Table& table, Connection& connection);

// A revival is about to make one, for a connection that was swept. It belongs to the current tag from now on.
void reviving(Table& table, Connection& connection);

// The PGconn is about to be freed, by a call from `caller`.
void finishing(Table& table, Connection& connection, const void* caller);

// The owner is about to use a swept connection for something that `expects_reply`, or only to look at what the server
// sent. Puts the reason where libpq finds it. Returns false if it can't, or has done so before.
bool using_swept(Table& table, Connection& connection, bool expects_reply);
// Returns whether its owner has met its end without the reason.
inline bool has_met_untold_end(const Connection& c) {
    return c.activity == Activity::lost && !c.has_reason && c.state() == State::swept;
}

// As settle(), for what is seldom: a lost connection, and one whose owner has just got the reason for its end.
void settle_seldom(Table& table, Connection& connection, PGconn* conn, PGTransactionStatusType status);

// Has libpq pass the reason, which was put there before, to the notice receiver of an idle connection.
void tell_by_notice(Connection& connection, PGconn* conn);

// A command that goes on has returned `result`: notes whether it is a COPY now.
void note_result(Connection& connection, const PGresult* result);

// A command has failed: journals the database that could not be dropped or copied, if that is why, and has a result of an
// untold end tell the reason.
void note_failure(Table& table, const Connection& connection, const PGresult* result);

// What a call does with its connection. `go_on`: it does nothing if no command is under way.
enum class Use : uint8_t { go_on, work, finish };

// A connection of the parent process is about to be used: notes it for the summary, and journals the first time.
void using_inherited(Connection& inherited, Use use);

// A connection of the parent process is about to be reset. That ends the parent's session, and the new one is this
// process's own. Returns its slot; null if there is no room.
Connection* adopting(Table& table, Connection& inherited, const PGconn* conn);

// From now on the connection lives for the fixture that is being set up, else for the current tag. While neither is set, a
// connection that lived for a tag lives until the next tag ends, and another for what it lived for.
inline void live_for_current(Table& table, Connection& c) {
    if (TextId fixture = table.fixture; fixture != TextId::none)
        c.lifetime = Lifetime::of_fixture(fixture);
    else if (table.tag != TextId::none || Lifetime(c.lifetime).is_tags())
        c.lifetime = Lifetime::of_tag(table.epoch);
}

// Returns a number that tells this thread from others, as good as always.
inline uint16_t mark_of_this_thread() {
    constexpr int page_bits = 12; // two threads' thread-locals are some pages apart
    return static_cast<uint16_t>(reinterpret_cast<uintptr_t>(&this_thread) >> page_bits);
}

// Returns the time since the machine's start, modulo 65,536 ms.
inline uint16_t milliseconds() {
    return static_cast<uint16_t>(now() / millisecond);
}

// The owner thread looks whether the server sent something. For a connection that listens, that is a use.
inline void looking(Table& table, Connection& c) {
    if (c.is_doubtful() && c.activity == Activity::idle && !Lifetime(c.lifetime).is_endless()) [[unlikely]]
        live_for_current(table, c);
}

// The owner thread is about to start work on the connection. Until a transaction ends, it lives for the fixture that was
// being set up when the transaction began, or for the tag that uses it last.
inline void starting_work(Table& table, Connection& c) {
    c.last_test = tag::test(table);
    c.thread = mark_of_this_thread();
    if (table.tag != c.tag && table.tag != TextId::none)
        c.note(Elsewhere::used);
    Lifetime lifetime = c.lifetime;
    if (c.activity == Activity::idle && !lifetime.is_endless())
        live_for_current(table, c);
    else if (lifetime.is_tags())
        c.lifetime = Lifetime::of_tag(table.epoch);
    if (!is_busy(c.activity))
        c.mid_message = false;
    c.activity = Activity::running;
}

// Notes what the connection is doing after a real call, and for a transaction, when. `only_read`: the call started nothing.
inline void settle(Table& table, Connection& c, PGconn* conn, bool only_read) {
    static constexpr Activity activity_of[] = {Activity::idle, Activity::running, Activity::transaction,
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
    if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR)
        c.used_at = milliseconds();
}

} // namespace pqsweep::tracker
