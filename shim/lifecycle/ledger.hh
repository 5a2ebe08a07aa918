// The ledger: counts and journals what becomes of each connection.
//
// A connection's owner thread opens, loses, resets and finishes it. Meanwhile a sweep can take it away, in another thread
// or in a signal handler inside the owner's. What both must agree on is one atomic word (table/state_word.hh): each
// transition is one compare-and-swap, and the thread that makes it counts and journals it.
//
//            begin             open
//     free ────────▶ connecting ────▶ open ◀──────────────┐
//      ▲              ▲      │          │                 │ revived
//      │ remove       │      └───┐   ┌──┘                 │
//      │        begin │    sweep ▼   ▼ sweep   revive     │
//      └─── lost ─────┘         swept ─────────────▶ reviving
//            ▲                    ▲                       │
//            │                    └───────────────────────┘
//            │                    sweep, give_up, rolled_back
//            └── end: from connecting, open, swept, reviving; lose: from open
//
//     transition               made by   counts                            journals
//     begin                    owner
//     open                     owner     Tag::opened, live + 1, peak       open
//     revived                  owner     live + 1, peak, Fate::revived     revive
//     lose, end     of open    owner     Tag::closed, live - 1             close, by lost, owner or reset
//     end   of connecting      owner
//     end   of swept, reviving owner     Fate::closed_late, ::dropped      close, by late, dropped
//                                        or ::reset                        or reset
//     sweep of open            sweep     Tag::swept, live - 1              sweep
//     sweep of connecting      sweep     Tag::opened, Tag::swept           sweep
//     sweep of reviving        sweep     (the straggler that it was it is again)
//     give_up                  owner     (the same)
//     rolled_back              owner     (the same), or as end of swept    rollback
//
// For example, a module ends in one thread while another thread's PQfinish is under way. Both look at the word and see
// `open`. If the sweep's compare-and-swap comes first, the journal has a sweep, and then the close, by late, of an owner
// that found `swept` instead. If the owner's comes first, the sweep's fails, and the sweep passes the connection over.
//
// I1  A word never comes again: each transition raises its generation. So a transition fails if anything has happened
//     since its word was loaded, and all fields that were read since then belong together.
// I2  The thread that makes a transition, and no other, counts and journals it.
// I3  `live` is raised before a word says open, and lowered after it no longer does. So it never falls below 0.
// I4  A straggler's record is complete before a word names it.
// I5  Only sweeps interfere, and they move a word only to swept. So an owner's transition fails at most once before it
//     finds swept, which sweeps leave alone.
// I6  What a sweep's record is made of (tag, test, number, origin) changes only while the word is free or lost.
// tests/unit/lifecycle/ledger.cc enumerates what owner and sweeps can do to each other; it guards I1 to I5.
//
// Two records of one connection by two threads can change places in the journal: each thread journals after its own
// transition, and neither waits for the other.
//
// Two fields of Connection stand beside the word, because they say something else. `inside`: its owner is in libpq, which
// a sweep asks about before it writes to the socket. `pins`: sweeps still read the slot, so it is not reused yet.
//
// Context: any thread, signal handler. errno: kept. Locks: none. Costs an owner two compare-and-swaps in the life of a
// connection, and nothing in the calls between.
#pragma once

#include "shim/report/journal.hh"
#include "shim/table/table.hh"

namespace pqsweep {

// What the ledger writes to. The unit test has books of its own, which schedule and check.
class Books {
public:
    using Slot = Connection;

    explicit Books(Table& table) : table_(table) {}

    // Returns the new number of live connections.
    uint32_t raise_live() { return table_.live.add(1); }
    void lower_live() { table_.live.add(-1u); }
    void raise_peak(uint32_t live) { table_.tags.of(table_.tag).peak.raise_to(live); }
    void count_opened(TextId tag) { table_.tags.of(tag).opened.add(1); }
    void count_closed(TextId tag) { table_.tags.of(tag).closed.add(1); }
    void count_swept(TextId tag, Activity activity) { table_.tags.of(tag).swept.of(activity).add(1); }

    // Writes the record that a claim is about to name, and returns its number. A claim that fails leaves the record for
    // the next one.
    uint32_t draft(const Straggler& straggler);
    // The claim was made: the record counts from now on.
    void publish(uint32_t number);
    Fate fate(uint32_t number) const { return table_.stragglers.fate(number); }
    void set_fate(uint32_t number, Fate fate) { table_.stragglers.set_fate(number, fate); }
    void set_revived(uint32_t number, int64_t took) { table_.stragglers.set_revived(number, took); }

    void journal_opened(const Connection& c) { journal::opened(table_, c); }
    void journal_closed(const Connection& c, journal::Close how) { journal::closed(c.number, how); }
    void journal_swept(const Straggler& s) { journal::swept(table_, s); }
    void journal_revived(const Connection& c, int64_t took) { journal::revived(table_, c, took); }
    void journal_refused(const Connection& c) { journal::refused(c); }
    void journal_rolled_back(const Connection& c, journal::Close how) { journal::rolled_back(c, how); }

private:
    Table& table_;
    uint32_t blank_ = 0; // a record that no word names
};

template<class Books>
class BasicLedger {
public:
    using Slot = typename Books::Slot;
    using Close = journal::Close;

    explicit BasicLedger(const Books& books) : books_(books) {}

    // A connection begins in a free slot, or another one in its lost predecessor's PGconn. From here on sweeps see it.
    void begin(Slot& c) {
        Word seen = c.word.load();
        if (seen.state() == State::free || seen.state() == State::lost)
            c.word.move(seen, State::connecting);
    }

    // The connection is established. Does nothing if it was before, or if a sweep has come first.
    void open(Slot& c) {
        Word seen = c.word.load();
        if (seen.state() != State::connecting || !go_live(c, seen))
            return;
        books_.count_opened(c.tag);
        books_.journal_opened(c);
    }

    // The owner has found that the connection is gone. If a sweep took it, that is a use of a swept connection.
    void lose(Slot& c) {
        Word seen = c.word.load();
        if (seen.state() == State::open && c.word.move(seen, State::lost))
            return close(c, Close::lost);
        refuse(c);
    }

    // The owner gets an error because the connection was swept: journals that, once for a straggler.
    void refuse(Slot& c) {
        Word seen = c.word.load();
        if (seen.state() != State::swept || books_.fate(seen.straggler()) == Fate::used_again)
            return;
        books_.set_fate(seen.straggler(), Fate::used_again);
        books_.journal_refused(c);
    }

    // The owner finishes or resets it, or its program drops it. After that its slot's fields are the owner's alone, until it
    // begins again.
    void end(Slot& c, Close how) {
        Word seen = c.word.load();
        while (!is_over(seen) && !c.word.move(seen, State::lost)) // I5: twice at most
            seen = c.word.load();
        if (seen.state() == State::open)
            close(c, how == Close::dropped ? Close::owner : how);
        else if (seen.state() == State::swept || seen.state() == State::reviving)
            close_swept(c, seen.straggler(), how == Close::owner ? Close::late : how);
    }

    // A sweep claims what it saw as `seen`, and has described since. Returns false if anything has happened meanwhile.
    bool sweep(Slot& c, Word seen, const Straggler& straggler) {
        if (seen.state() == State::reviving)
            return c.word.move(seen, State::swept, seen.straggler());
        uint32_t number = books_.draft(straggler); // I4
        if (!c.word.move(seen, State::swept, number))
            return false;
        books_.publish(number);
        books_.journal_swept(straggler);
        if (seen.state() == State::open)
            books_.lower_live();
        else
            books_.count_opened(straggler.tag);
        books_.count_swept(straggler.tag, straggler.activity);
        return true;
    }

    // The owner is about to reconnect a swept connection; a sweep that comes in between makes it swept again.
    void revive(Slot& c) {
        Word seen = c.word.load();
        if (seen.state() == State::swept)
            c.word.move(seen, State::reviving, seen.straggler());
    }

    // It has reconnected, which took so many nanoseconds. Returns false if a sweep came in between.
    bool revived(Slot& c, int64_t took) {
        Word seen = c.word.load();
        if (seen.state() != State::reviving || !go_live(c, seen))
            return false;
        if (books_.fate(seen.straggler()) != Fate::dropped)
            books_.set_revived(seen.straggler(), took);
        books_.journal_revived(c, took);
        return true;
    }

    // The owner has reconnected it only to roll back. That is no use: the connection is what it was before. `how` says whether the
    // owner ended it late by that, or the program has dropped it.
    void rolled_back(Slot& c, Close how) {
        uint32_t straggler = c.word.load().straggler();
        give_up(c);
        settle(straggler, how);
        books_.journal_rolled_back(c, how);
    }

    // It can't be revived, and is what it was before.
    void give_up(Slot& c) {
        Word seen = c.word.load();
        if (seen.state() == State::reviving)
            c.word.move(seen, State::swept, seen.straggler());
    }

    static bool is_claimable(Word seen) {
        return seen.state() == State::connecting || seen.state() == State::open ||
               seen.state() == State::reviving;
    }

private:
    static bool is_over(Word seen) { return seen.state() == State::free || seen.state() == State::lost; }

    bool go_live(Slot& c, Word seen) {
        uint32_t live = books_.raise_live(); // I3
        if (c.word.move(seen, State::open)) {
            books_.raise_peak(live);
            return true;
        }
        books_.lower_live();
        return false;
    }

    void close(Slot& c, Close how) {
        books_.lower_live();
        books_.count_closed(c.tag);
        books_.journal_closed(c, how);
    }

    void close_swept(Slot& c, uint32_t straggler, Close how) {
        if (how == Close::reset)
            books_.set_fate(straggler, Fate::reset);
        else
            settle(straggler, how);
        books_.journal_closed(c, how);
    }

    // Gives a straggler its fate: one that its owner ended late is late, and one that was dropped stays a leak. Neither undoes a
    // fate that came before.
    void settle(uint32_t straggler, Close how) {
        Fate fate = books_.fate(straggler);
        if (how == Close::dropped ? fate == Fate::left_open
                                  : fate == Fate::left_open || fate == Fate::open_at_exit)
            books_.set_fate(straggler, how == Close::dropped ? Fate::dropped : Fate::closed_late);
    }

    Books books_;
};

class Ledger : public BasicLedger<Books> {
public:
    explicit Ledger(Table& table) : BasicLedger(Books(table)) {}
};

} // namespace pqsweep
