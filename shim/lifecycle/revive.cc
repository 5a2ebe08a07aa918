#include "shim/lifecycle/revive.hh"

#include "shim/base/clock.hh"
#include "shim/base/environment.hh"
#include "shim/base/guards.hh"
#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/lifecycle/ending.hh"
#include "shim/lifecycle/kept_descriptor.hh"
#include "shim/lifecycle/ledger.hh"
#include "shim/lifecycle/notices.hh"
#include "shim/lifecycle/parking.hh"
#include "shim/lifecycle/protocol.hh"
#include "shim/lifecycle/replay.hh"
#include "shim/lifecycle/sessions.hh"
#include "shim/lifecycle/tracker.hh"

#include <cstring>

namespace pqsweep::revive {

namespace {

// Returns what the connection was doing when its session ended: a call of its owner can have gone on after the sweep's claim, and
// read that the server was done. An attempt to connect that was swept is none that a program has, even if libpq has read that it succeeded.
Activity last_activity(const Table& table, const Connection& c) {
    const Straggler* record = table.stragglers.record(c.straggler());
    if (!record)
        return Activity::lost;
    bool goes_on = is_waiting(c.activity) && record->activity != Activity::connecting;
    return goes_on ? Activity(c.activity) : record->activity;
}

// A ROLLBACK is true if nothing that was sent before waits for its result: a new session has none of that. It is true after the reason
// was told, too, so that the end of a transaction's block does not hide that.
bool is_wanted(Table& table, Connection& c, Wish wish) {
    Activity activity = last_activity(table, c);
    bool is_rollback = has_transaction(activity) && wish.rolls_back && !is_busy(c.activity);
    bool is_left = c.activity == Activity::transaction && wish.leaves_transaction && !wish.only_sends;
    return the_settings().revive &&
           (is_rollback || ((activity == Activity::idle || is_left) && !c.has_reason)) &&
           c.hindrance != Hindrance::not_restorable && sessions::of(table, c).loss() == Loss::none;
}

// Returns how long a reconnect can take.
int64_t patience_of(const Libpq& libpq, PGconn* conn) {
    int64_t patience = 5 * second;
    PQconninfoOption* options = libpq.PQconninfo ? libpq.PQconninfo(conn) : nullptr;
    for (const PQconninfoOption* o = options; o && o->keyword; o++) {
        if (strcmp(o->keyword, "connect_timeout") != 0 || !o->val)
            continue;
        int64_t seconds = 0; // as libpq does, takes 0 and what is no number for endless
        for (const char* digit = o->val; *digit >= '0' && *digit <= '9' && seconds < 5; digit++)
            seconds = seconds * 10 + (*digit - '0');
        if (seconds > 0 && seconds * second < patience)
            patience = seconds * second;
    }
    if (options)
        libpq.PQconninfoFree(options);
    return patience;
}

// Reconnects as PQreset() does. The environment holds still only while libpq works. While libpq waits for the server, the tag
// can change [overtaken]. Returns false if the time was not enough; libpq has then given up, too.
bool reset(const Libpq& libpq, PGconn* conn, int64_t deadline) {
    constexpr int most_addresses = 100;
    auto call = [&](auto function) {
        NotCancelled not_cancelled; // else a cancelled thread would leave the environment at a standstill
        environment::Standstill standstill;
        return function(conn);
    };
    if (!call(libpq.PQresetStart))
        return true;
    int cuts = 0;
    for (auto status = PGRES_POLLING_WRITING;
         status == PGRES_POLLING_WRITING || status == PGRES_POLLING_READING;
         status = call(libpq.PQresetPoll)) {
        int fd = libpq.PQsocket(conn);
        if (sys::is_ready_within(fd, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline - now()))
            continue;
        if (cuts++ == most_addresses)
            break;
        cut_socket(fd, socket_cookie(fd), {}); // libpq goes on to the next address
    }
    return cuts == 0;
}

class Attempt {
public:
    Attempt(Table& table, Connection& c, PGconn* conn, Wish wish)
        : table_(table), c_(c), conn_(conn), libpq_(*c.libpq), session_(sessions::of(table, c)), wish_(wish),
          before_(last_activity(table, c) == Activity::idle ? replay::Before::work
                  : wish.rolls_back                         ? replay::Before::rollback
                                                            : replay::Before::work_in_transaction) {
        if (before_ != replay::Before::work)
            session_.rolls_back();
    }

    // Returns whether the connection has its session again. If not, notes in the slot why not.
    bool run() {
        constexpr int most_sweeps = 8;
        int fd = libpq_.PQsocket(conn_);
        bool is_ours = fd >= 0 && socket_cookie(fd) == c_.cookie;
        if (is_ours)
            table_.held_numbers.hold(fd); // the program can have let it go and put the same socket back
        EpollSets sets;
        Registrations registrations(sets, is_ours ? fd : -1);
        // An event loop that had the socket which libpq has closed is not known any more.
        bool is_unheard = is_ours ? !registrations.are_complete() : !sets.is_empty();
        if (wish_.only_sends && (is_unheard || sets.has_polling_ring())) {
            c_.hindrance = Hindrance::unheard;
            Ledger(table_).refuse(c_);
            return false;
        }
        notices::Silence silence(table_, c_, conn_);
        kept_descriptor::Keep keep(libpq_, fd, registrations);
        bool is_revived = reconnect();
        for (int sweeps = 1; c_.state() == State::swept && sweeps < most_sweeps; sweeps++)
            is_revived = reconnect();
        if (is_revived) {
            state_.put_back();
            return true;
        }
        c_.hindrance = c_.state() == State::swept ? Hindrance::none : hindrance_;
        Ledger(table_).give_up(c_);
        return false;
    }

private:
    // Makes another session in the PGconn, like the last one. A sweep that came in between has left nothing of it. If the
    // connection is lost in between, libpq is left in a pipeline, out of which only a fresh connection helps.
    bool reconnect() {
        constexpr int most_losses = 2;
        tracker::reviving(table_, c_);
        for (int losses = 0;; losses++) {
            bool was_in_time = reset(libpq_, conn_, deadline_);
            if (libpq_.PQstatus(conn_) != CONNECTION_OK)
                return fail(was_in_time ? Hindrance::no_connection : Hindrance::no_time);
            tracker::progressed(table_, c_, conn_);
            auto replayed = replay::Outcome::failed;
            if (losses < most_losses)
                replayed = replay::run(libpq_, conn_, session_, state_, before_, deadline_);
            if (replayed == replay::Outcome::all) // it can have been swept again
                return wish_.rolls_back || before_ != replay::Before::work
                           ? c_.state() == State::reviving
                           : Ledger(table_).revived(c_, now() - start_);
            cut_socket(c_.fd, c_.cookie, {});
            if (replayed != replay::Outcome::lost || c_.state() == State::swept)
                return fail(Hindrance::not_restorable);
        }
    }

    bool fail(Hindrance hindrance) {
        hindrance_ = hindrance;
        return false;
    }

    Table& table_;
    Connection& c_;
    PGconn* conn_;
    const Libpq& libpq_;
    Session& session_;
    Wish wish_;
    replay::Before before_;
    int64_t start_ = now();
    int64_t deadline_ = start_ + patience_of(libpq_, conn_);
    replay::ClientState state_{libpq_, conn_};
    Hindrance hindrance_ = Hindrance::none;
};

} // namespace

bool attempt(Table& table, Connection& c, PGconn* conn, Wish wish) {
    return is_wanted(table, c, wish) && Attempt(table, c, conn, wish).run();
}

void done(Table& table, Connection& c, const void* caller) {
    KeepErrno keep;
    Ending how = ending::of_now(table, caller);
    if (how == Ending::unknown || c.activity != Activity::idle)
        Ledger(table).give_up(c);
    else
        Ledger(table).rolled_back(c,
                                  how == Ending::by_owner ? journal::Close::late : journal::Close::dropped);
    std::string_view farewell = c.encrypted ? std::string_view() : protocol::terminate;
    bool is_restorable = parking::is_worth_it(c) && !c.is_doubtful();
    int former =
        is_restorable ? parking::park(table, c, c.fd, c.cookie, EpollSets(), parking::By::owner) : -1;
    if (former >= 0)
        cut_copy(former, farewell);
    else
        cut_socket(c.fd, c.cookie, farewell);
}

bool can_wait(Table& table, Connection& c) {
    constexpr uint8_t patience = 8;
    if (!is_waiting(c.activity) || !is_wanted(table, c, {.rolls_back = has_transaction(c.activity)}))
        return false;
    if (is_inert_socket(c.fd))
        return true;
    if (c.activity != Activity::idle || c.glances == patience)
        return false;
    c.glances = static_cast<uint8_t>(c.glances + 1);
    return true;
}

} // namespace pqsweep::revive
