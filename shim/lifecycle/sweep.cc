#include "shim/lifecycle/sweep.hh"

#include "shim/base/clock.hh"
#include "shim/base/guards.hh"
#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/lifecycle/cancels.hh"
#include "shim/lifecycle/inquiry.hh"
#include "shim/lifecycle/ledger.hh"
#include "shim/lifecycle/parking.hh"
#include "shim/lifecycle/protocol.hh"
#include "shim/lifecycle/tracker.hh"
#include "shim/lifecycle/yielded_gil.hh"
#include "shim/origin/capture.hh"

#include <optional>

namespace pqsweep::sweep {

constinit thread_local int64_t cancel_deadline;

namespace {

constexpr int64_t cancel_patience = 2 * second;
constexpr int64_t longest_pause = second / 5;
constexpr int64_t longest_attempt = 10 * second;
constexpr uint32_t any_number_of_tags = UINT32_MAX;

constinit std::atomic<uint32_t> sweeps;

// Keeps a slot from being reused while it is looked at.
class Pin {
public:
    explicit Pin(Connection& c) : c_(c) { c.pins.fetch_add(1, std::memory_order_seq_cst); }
    ~Pin() { c_.pins.fetch_sub(1, std::memory_order_seq_cst); }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

private:
    Connection& c_;
};

class Sweep {
public:
    Sweep(Table& table, Cause cause, TextId ended_by, Patience patience)
        : table_(table), cause_(cause), ended_by_(ended_by),
          settled_at_(patience == Patience::none ? 0 : now() + the_settings().settle * millisecond) {}
    // Sweeps one connection, for that reason.
    Sweep(Table& table, uint32_t number, uint32_t uses, TextId reason)
        : table_(table), cause_(Cause::wait), ended_by_(TextId::none), settled_at_(0), number_(number),
          uses_(uses), reason_(reason) {}

    Swept run() {
        consider_all();
        if (is_waiting_)
            settle();
        if (short_of_descriptors_)
            in_private_descriptor_table([](void* self) { static_cast<Sweep*>(self)->finish_privately(); },
                                        this);
        else
            cancel_all();
        return swept_;
    }

    // Its owner is about to finish the connection.
    void claim(Connection& c) {
        Word seen = c.word.load();
        Lifetime lifetime = c.lifetime;
        if (seen.state() == State::open && c.tag == table_.tag && !lifetime.is_fixtures() &&
            !is_kept(table_, c, c.activity))
            ledger_.sweep(c, seen, described(c, c.activity));
    }

private:
    bool is_straggler(const Connection& c, Activity activity) const {
        if (cause_ == Cause::wait)
            return c.number == number_ && c.uses == uses_ && activity != Activity::lost &&
                   !is_kept(table_, c, activity);
        return !Lifetime(c.lifetime).is_endless() && activity != Activity::lost && has_ended(c, activity) &&
               !is_kept(table_, c, activity);
    }

    // Returns whether what it lives for has ended. While it is idle, it lives for the fixture that opened it.
    bool has_ended(const Connection& c, Activity activity) const {
        Lifetime lifetime = c.lifetime;
        bool is_idle = activity == Activity::idle;
        bool is_its_openers = is_idle && c.opened_by_fixture;
        if (cause_ == Cause::fixture_end)
            return (c.opened_by_fixture && c.tag == ended_by_) ||
                   (!is_its_openers && lifetime == Lifetime::of_fixture(ended_by_));
        if (is_its_openers || lifetime.is_fixtures())
            return false;
        uint32_t tags_since = table_.epoch - lifetime.epoch();
        return tags_since > (cause_ == Cause::request ? 0 : grace_of(c, activity));
    }

    uint32_t grace_of(const Connection& c, Activity activity) const {
        const Grace& grace = the_settings().grace;
        if (activity == Activity::idle)
            return c.is_doubtful() && !can_ask(c) ? grace.if_doubtful : grace.if_restorable;
        if (activity == Activity::connecting && now() - c.opened_at < longest_attempt)
            return any_number_of_tags;
        return c.opened_by_fixture ? 1 : 0;
    }

    bool can_ask(const Connection& c) const { return settled_at_ > 0 && inquiry_.can_ask(c); }

    void consider_all() {
        is_waiting_ = false;
        table_.connections.each([&](Connection& c) { consider(c); });
        inquiry_.end();
    }

    // Other threads go on meanwhile. What they use under the next tag is no straggler any more.
    void settle() {
        YieldedGil yielded;
        while (is_waiting_) {
            sys::nanosleep(millisecond);
            consider_all();
        }
    }

    // Returns whether another thread is just using it, and the sweep can wait for that thread.
    bool is_in_other_hands(const Connection& c, Activity activity) const {
        if (settled_at_ == 0 || c.thread == tracker::mark_of_this_thread() || now() >= settled_at_)
            return false;
        if (c.inside.load(std::memory_order_seq_cst) || is_busy(activity))
            return true;
        auto since = static_cast<uint16_t>(tracker::milliseconds() - c.used_at);
        return has_transaction(activity) && since < the_settings().settle / 5;
    }

    // The owner notes that a new connection is idle before its word says that it is open.
    static Activity activity_of(const Connection& c, Word seen) {
        Activity activity = c.activity;
        return seen.state() == State::connecting && activity == Activity::idle ? Activity::connecting
                                                                               : activity;
    }

    void consider(Connection& c) {
        Word seen = c.word.load();
        if (!Ledger::is_claimable(seen) || !is_straggler(c, activity_of(c, seen)))
            return;
        Pin pin(c);
        Activity activity = activity_of(c, seen);
        if (is_in_other_hands(c, activity)) {
            is_waiting_ = true;
            return;
        }
        int fd = c.fd;
        uint64_t cookie = c.cookie;
        if (!ledger_.sweep(c, seen, described(c, activity)))
            return;
        c.sweep = id_;
        if (seen.state() != State::reviving)
            swept_.of(activity)++;
        let_out(c, activity);
        bool is_taken_care_of =
            seen.state() == State::open && is_waiting(activity) && end_waiting(c, activity, fd, cookie);
        if (!is_taken_care_of && cut_socket(fd, cookie, farewell_to(c, activity)) == Cut::no_descriptor)
            short_of_descriptors_ = true;
        any_busy_ |= may_be_busy(c, activity);
    }

    // The owner thread can have entered libpq before the claim. Then its call goes on, and its next call finds the claim.
    void let_out(const Connection& c, Activity activity) const {
        while (is_waiting(activity) && c.state() == State::swept && is_in_other_hands(c, Activity::idle))
            sys::nanosleep(millisecond / 10);
    }

    // Ends a session that can come back: parks the connection, and asks the server about the session if that is in doubt. Returns
    // false if it can do neither.
    bool end_waiting(Connection& c, Activity activity, int fd, uint64_t cookie) {
        bool asks = activity == Activity::idle && can_ask(c);
        int former = asks || !c.is_doubtful() ? park(c, fd, cookie) : -1;
        if (former < 0 && asks)
            former = copy_of(fd, cookie);
        if (former < 0)
            return false;
        if (!asks || !inquiry_.ask(c, former))
            cut_copy(former, farewell_to(c, activity));
        return true;
    }

    int park(Connection& c, int fd, uint64_t cookie) {
        // A call of the owner thread that overlapped with the claim can have changed what it was when it was claimed.
        if (c.inside.load(std::memory_order_seq_cst) || !parking::is_worth_it(c))
            return -1;
        if (!epoll_sets_)
            epoll_sets_.emplace();
        int former = parking::park(table_, c, fd, cookie, *epoll_sets_, parking::By::sweep);
        if (former >= 0)
            c.sweep = 0; // which has nothing more to do with it
        return former;
    }

    // The owner thread can have entered libpq after we read `activity` and before the claim.
    static bool may_be_busy(const Connection& c, Activity activity) {
        return is_busy(activity) || is_busy(c.activity) || c.inside.load(std::memory_order_seq_cst);
    }

    // A Terminate must not land inside another message. If the owner thread is outside libpq now, the claim keeps it out.
    static std::string_view farewell_to(const Connection& c, Activity activity) {
        bool is_safe = is_waiting(activity) && !c.encrypted && !c.inside.load(std::memory_order_seq_cst);
        return is_safe ? protocol::terminate : std::string_view();
    }

    // A fixture closes its own connections. What a pool opened for it lives as long as the pool.
    bool is_fixtures_own(const Connection& c) const {
        return c.opened_by_fixture && !table_.origins.of(table_.connections.slot_of(c)).is_pools;
    }

    Straggler described(const Connection& c, Activity activity) const {
        return {.connection = c.number,
                .tag = c.tag,
                .test = c.test,
                .last_test = c.last_test,
                .line = table_.opening_line(c),
                .ended_by = ended_by_,
                .reason = reason_,
                .database = c.database,
                .backend_pid = c.backend_pid,
                .activity = activity,
                .cause = cause_,
                .is_pools = activity == Activity::idle && c.was_used_elsewhere() && !is_fixtures_own(c),
                .age = now() - c.opened_at};
    }

    // Calls visit(Connection&) for each connection that this sweep has claimed and that has got no new session since.
    template<class Visit>
    void each_claimed(Visit visit) {
        table_.connections.each([&](Connection& c) {
            if (c.sweep != id_)
                return;
            Pin pin(c);
            if (c.state() == State::swept && c.sweep == id_)
                visit(c);
        });
    }

    // Cancels what is running: a backend whose socket is shut down lives on until its statement ends. This comes after all
    // the shutdowns, because it waits for servers.
    void cancel_all() {
        if (!any_busy_)
            return;
        NoSigpipe guard;
        cancel_deadline = now() + cancel_patience;
        cancel_busy([](const Connection&) { return true; });
        // A backend ignores a cancel that comes before its statement has begun. So all get a second one, and those whose
        // backend is seen alive get more: on a loaded machine a statement can begin late.
        for (int64_t pause = second / 200, known_only = false; pause < longest_pause;
             pause *= 2, known_only = true) {
            sys::nanosleep(pause);
            if (!cancel_busy([&](const Connection& c) { return !known_only || is_seen_alive(c); }))
                break;
        }
        cancel_deadline = 0;
    }

    // If the host is a socket's directory, the server runs on this machine, and kill(2) says whether the backend exists,
    // even to a process that is not permitted to send it a signal.
    bool is_seen_alive(const Connection& c) const {
        char host = *table_.texts.text(c.host).data();
        if (host == '/' || host == '@')
            return c.backend_pid > 0 && sys::kill(c.backend_pid, 0) != -ESRCH;
        return is_open_at_peer(c.fd, c.cookie);
    }

    // Sends a cancel for each busy connection that passes the filter. Returns whether there was one.
    template<class Filter>
    bool cancel_busy(Filter filter) {
        bool any = false;
        each_claimed([&](Connection& c) {
            const Straggler* record = table_.stragglers.record(c.straggler());
            if ((record && !may_be_busy(c, record->activity)) || now() >= cancel_deadline || !filter(c))
                return;
            cancels::send(table_, c);
            any = true;
        });
        return any;
    }

    void finish_privately() {
        each_claimed([&](Connection& c) {
            const Straggler* record = table_.stragglers.record(c.straggler());
            cut_private_socket(c.fd, c.cookie, farewell_to(c, record ? record->activity : Activity::running));
        });
        cancel_all();
    }

    Table& table_;
    Ledger ledger_{table_};
    Cause cause_;
    TextId ended_by_;
    int64_t settled_at_; // 0: it waits for no other thread
    bool is_waiting_ = false;
    uint32_t number_ = 0;
    uint32_t uses_ = 0;
    TextId reason_ = TextId::none;
    Swept swept_{};
    uint32_t id_ = sweeps.fetch_add(1, std::memory_order_relaxed) + 1;
    bool any_busy_ = false;
    bool short_of_descriptors_ = false;
    Inquiry inquiry_{table_};
    std::optional<EpollSets> epoll_sets_; // of the process, as of the first connection that is parked
};

} // namespace

namespace {

Swept sweep_own(Table& table, Cause cause, TextId ended_by, Patience patience) {
    KeepThread keep;
    bool is_vfork_child = table.pid != sys::getpid(); // it has the parent's table
    return is_vfork_child ? Swept{} : Sweep(table, cause, ended_by, patience).run();
}

} // namespace

Swept after_tag_change(Table& table, Patience patience) {
    return sweep_own(table, Cause::tag_change, table.tag, patience);
}

Swept after_fixture_end(Table& table, TextId fixture, Patience patience) {
    return sweep_own(table, Cause::fixture_end, fixture, patience);
}

Swept on_request(Table& table) {
    KeepThread keep;
    if (table.tag != TextId::none)
        table.epoch.add(1);
    return Sweep(table, Cause::request, TextId::none, Patience::none).run();
}

void at_shutdown(Table& table, Connection& c) {
    Sweep(table, Cause::tag_change, TextId::none, Patience::none).claim(c);
}

Swept end_one(Table& table, uint32_t number, uint32_t uses, std::string_view reason) {
    KeepThread keep;
    return Sweep(table, number, uses, table.texts.intern(reason)).run();
}

bool is_kept(const Table& table, const Connection& c, Activity activity) {
    for (const KeepRule& rule : the_settings().keep) {
        std::string_view value = [&] {
            switch (rule.field) {
            case KeepField::tag:
                return table.texts.text(c.tag);
            case KeepField::test:
                return table.texts.text(c.test);
            case KeepField::function:
                return origin::function(table.texts.text(table.opening_line(c)));
            case KeepField::file:
                return origin::file(table.texts.text(table.opening_line(c)));
            case KeepField::app:
                return table.texts.text(c.application);
            case KeepField::db:
                return table.texts.text(c.database);
            case KeepField::user:
                return table.texts.text(c.user);
            case KeepField::host:
                return table.texts.text(c.host);
            case KeepField::state:
                break;
            }
            return name_of(activity);
        }();
        if (glob_matches(rule.glob, value))
            return true;
    }
    return false;
}

} // namespace pqsweep::sweep
