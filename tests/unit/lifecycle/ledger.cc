// Every interleaving of a connection's owner and two sweeps on one slot, one atomic step at a time.
//
// The ledger's own code runs here, on a state word and books that stop before each step. A world is a value: what the
// threads share, and how far each has come in its operation. From each world the test takes every step that some thread
// can take, and checks the world that results. An operation is resumed by running it again from its beginning, while its
// former steps return what they returned before. (A sweep in a signal handler of the owner's thread is a sweep during
// which the owner takes no step: that is among these.)
#include "shim/lifecycle/ledger.hh"

#include <cstring>
#include <doctest/doctest.h>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

using namespace pqsweep;

namespace {

using Close = journal::Close;

constexpr int most_numbers = 6; // connections that come and go in the slot
constexpr int most_records = 8;
constexpr int most_threads = 3; // the owner, and two sweeps

// What the journal says of one connection.
struct Told {
    uint8_t opened, swept_open, swept_connecting, revived, refused, rolled_back, closed[5];

    int lives() const { return opened + swept_connecting + revived; }
    int sweeps() const { return swept_open + swept_connecting; }
    int closes() const { return closed[0] + closed[1] + closed[2] + closed[3] + closed[4]; }
    int closes_by(Close how) const { return closed[static_cast<int>(how)]; }
};

// Without padding: two of them are the same if their bytes are.
struct World {
    uint64_t word;
    int16_t live;
    uint8_t number; // of the slot's connection
    uint8_t records;
    uint8_t blanks[most_threads];
    uint8_t opened, closed, swept; // as in Tag
    Fate fates[most_records + 1];
    bool is_published[most_records + 1];
    bool is_finished;
    Told told[most_numbers + 1];
    uint8_t entered, left; // the state swept, how often
    uint8_t unused[4];

    State state() const { return Word(word).state(); }
};

static_assert(std::has_unique_object_representations_v<World>);

// A transition that is made in two steps, to prove that the test finds it.
struct Torn {
    State from, to;
};

struct Stopped {};

// The thread that is being resumed.
struct Running {
    World* world;
    int thread;
    std::vector<uint64_t> past; // what the steps of its operation returned
    size_t next;
    bool may_step;
    std::optional<Torn> torn;
};
Running running;

template<class Effect>
uint64_t step(Effect effect) {
    if (running.next < running.past.size())
        return running.past[running.next++];
    if (!running.may_step)
        throw Stopped{};
    running.may_step = false;
    running.past.push_back(static_cast<uint64_t>(effect(*running.world)));
    return running.past[running.next++];
}

struct SteppedWord {
    Word load() const {
        return Word(step([](World& w) { return w.word; }));
    }
    bool move(Word seen, State state, uint32_t straggler = 0) {
        bool is_torn = running.torn && running.torn->from == seen.state() && running.torn->to == state;
        if (is_torn && load().bits() != seen.bits())
            return false;
        return step([&](World& w) {
            if (!is_torn && w.word != seen.bits())
                return false;
            w.word = seen.next(state, straggler).bits();
            w.entered = static_cast<uint8_t>(w.entered + (state == State::swept));
            w.left = static_cast<uint8_t>(w.left + (seen.state() == State::swept));
            return true;
        });
    }
};

struct SteppedSlot {
    SteppedWord word;
    TextId tag = TextId::none;
};

struct SteppedBooks {
    using Slot = SteppedSlot;

    uint32_t raise_live() {
        return static_cast<uint32_t>(step([](World& w) { return ++w.live; }));
    }
    void lower_live() {
        step([](World& w) { return --w.live; });
    }
    void raise_peak(uint32_t) {}
    void count_opened(TextId) {
        step([](World& w) { return ++w.opened; });
    }
    void count_closed(TextId) {
        step([](World& w) { return ++w.closed; });
    }
    void count_swept(TextId, Activity) {
        step([](World& w) { return ++w.swept; });
    }

    uint32_t draft(const Straggler&) {
        return static_cast<uint32_t>(step([](World& w) {
            uint8_t& blank = w.blanks[running.thread];
            if (!blank)
                blank = ++w.records;
            return blank;
        }));
    }
    void publish(uint32_t number) {
        step([&](World& w) {
            w.blanks[running.thread] = 0;
            return w.is_published[number] = true;
        });
    }
    Fate fate(uint32_t number) {
        return Fate(step([&](World& w) { return w.fates[number]; }));
    }
    void set_fate(uint32_t number, Fate fate) {
        step([&](World& w) { return w.fates[number] = fate; });
    }
    void set_revived(uint32_t number, int64_t) { set_fate(number, Fate::revived); }

    void journal_opened(const Slot&) {
        tell([](Told& told) { told.opened++; });
    }
    void journal_closed(const Slot&, Close how) {
        tell([&](Told& told) { told.closed[static_cast<int>(how)]++; });
    }
    void journal_revived(const Slot&, int64_t) {
        tell([](Told& told) { told.revived++; });
    }
    void journal_refused(const Slot&) {
        tell([](Told& told) { told.refused++; });
    }
    void journal_rolled_back(const Slot&, Close) {
        tell([](Told& told) { told.rolled_back++; });
    }
    void journal_swept(const Straggler& s) {
        step([&](World& w) {
            Told& told = w.told[s.connection];
            return ++(s.activity == Activity::connecting ? told.swept_connecting : told.swept_open);
        });
    }

private:
    template<class Write>
    static void tell(Write write) {
        step([&](World& w) {
            write(w.told[w.number]);
            return 0;
        });
    }
};

using SteppedLedger = BasicLedger<SteppedBooks>;

void take_a_number() {
    step([](World& w) { return ++w.number; });
}

struct Operation {
    const char* name;
    void (*run)(SteppedLedger& ledger, SteppedSlot& slot);
};

// What an owner does to its slot, in any order.
const Operation operations[] = {
    {"open", [](SteppedLedger& ledger, SteppedSlot& slot) { ledger.open(slot); }},
    {"lose", [](SteppedLedger& ledger, SteppedSlot& slot) { ledger.lose(slot); }},
    {"use", [](SteppedLedger& ledger, SteppedSlot& slot) { ledger.refuse(slot); }},
    {"reset",
     [](SteppedLedger& ledger, SteppedSlot& slot) {
         ledger.end(slot, Close::reset);
         take_a_number();
         ledger.begin(slot);
     }},
    {"revive twice",
     [](SteppedLedger& ledger, SteppedSlot& slot) {
         ledger.revive(slot);
         if (ledger.revived(slot, 0))
             return;
         ledger.revive(slot);
         if (!ledger.revived(slot, 0))
             ledger.give_up(slot);
     }},
    {"fail to revive",
     [](SteppedLedger& ledger, SteppedSlot& slot) {
         ledger.revive(slot);
         ledger.give_up(slot);
     }},
    {"roll back",
     [](SteppedLedger& ledger, SteppedSlot& slot) {
         ledger.revive(slot);
         ledger.rolled_back(slot, Close::late);
     }},
    {"jump out of a revival", [](SteppedLedger& ledger, SteppedSlot& slot) { ledger.revive(slot); }},
};

const Operation finish = {"finish", [](SteppedLedger& ledger, SteppedSlot& slot) {
                              ledger.end(slot, Close::owner);
                              slot.word.move(slot.word.load(), State::free);
                              step([](World& w) { return w.is_finished = true; });
                          }};

const Operation sweep = {"sweep", [](SteppedLedger& ledger, SteppedSlot& slot) {
                             Word seen = slot.word.load();
                             if (!SteppedLedger::is_claimable(seen))
                                 return;
                             Straggler straggler{};
                             straggler.connection =
                                 static_cast<uint32_t>(step([](World& w) { return w.number; }));
                             straggler.activity =
                                 seen.state() == State::connecting ? Activity::connecting : Activity::idle;
                             ledger.sweep(slot, seen, straggler);
                         }};

struct Thread {
    const Operation* operation; // null between two
    std::vector<uint64_t> past;
    int left; // operations that it can still begin
};

struct Node {
    World world;
    Thread threads[most_threads];

    std::string key() const {
        std::string text(reinterpret_cast<const char*>(&world), sizeof world);
        for (const Thread& thread : threads) {
            auto operation = reinterpret_cast<uintptr_t>(thread.operation);
            text.append(reinterpret_cast<const char*>(&operation), sizeof operation);
            text.push_back(static_cast<char>(thread.left));
            for (uint64_t result : thread.past)
                text.append(reinterpret_cast<const char*>(&result), sizeof result);
            text.push_back('/');
        }
        return text;
    }
    bool is_quiet() const {
        for (const Thread& thread : threads)
            if (thread.operation)
                return false;
        return true;
    }
};

// Null if all is well.
const char* fault_at_any_time(const World& w) {
    if (w.live < 0)
        return "live is below 0";
    if (w.live < (w.state() == State::open))
        return "an open connection is not live";
    for (const Told& told : w.told) {
        if (told.opened > 1)
            return "an opening is journalled twice";
        if (told.closes() > 1)
            return "a close is journalled twice";
    }
    return nullptr;
}

const char* fault_when_quiet(const World& w) {
    if (w.live != (w.state() == State::open))
        return "live is not what is open";
    int opened = 0, closed = 0, swept = 0, revived = 0;
    for (const Told& told : w.told) {
        int unswept = told.lives() - told.sweeps();
        if (unswept < 0 || unswept > 1)
            return "sweeps and lives do not alternate";
        if (told.opened && told.swept_connecting)
            return "an opening is counted twice";
        opened += told.opened + told.swept_connecting;
        swept += told.sweeps();
        revived += told.revived;
        if (told.closes()) {
            closed += unswept;
            if (told.lives() == 0)
                return "a close without an opening";
            if (unswept ? told.closes_by(Close::late)
                        : told.closes_by(Close::owner) + told.closes_by(Close::lost))
                return "the wrong close";
        } else if (unswept != (w.state() == State::open && &told == &w.told[w.number])) {
            return "an end is missing";
        }
        if (w.is_finished && told.lives() > 0 && told.closes() != 1)
            return "a finished connection has no close";
    }
    if (w.opened != opened || w.closed != closed || w.swept != swept)
        return "the totals are not the journal's";
    if (w.entered - w.left != (w.state() == State::swept))
        return "a sweep has claimed a connection, and its owner has not seen that";
    int published = 0, fates_revived = 0;
    for (int i = 1; i <= w.records; i++) {
        published += w.is_published[i];
        fates_revived += w.fates[i] == Fate::revived;
    }
    if (published != swept || fates_revived != revived)
        return "the records are not the journal's";
    return nullptr;
}

class Explorer {
public:
    explicit Explorer(std::optional<Torn> torn) : torn_(torn) {}

    // Takes all ways from a slot in which a connection has just begun. Null if all is well.
    const char* explore(int owners_operations, int first_sweeps, int second_sweeps) {
        Node start;
        memset(&start.world, 0, sizeof start.world);
        start.world.word = Word(0).next(State::connecting, 0).bits();
        start.world.number = 1;
        const int left[most_threads] = {owners_operations, first_sweeps, second_sweeps};
        for (int i = 0; i < most_threads; i++)
            start.threads[i] = {nullptr, {}, left[i]};
        visit(start);
        return fault_;
    }
    size_t worlds() const { return seen_.size(); }

private:
    void visit(const Node& node) {
        if (fault_ || !seen_.insert(node.key()).second)
            return;
        fault_ = fault_at_any_time(node.world);
        if (!fault_ && node.is_quiet())
            fault_ = fault_when_quiet(node.world);
        for (int i = 0; i < most_threads; i++) {
            const Thread& thread = node.threads[i];
            if (thread.operation) {
                resume(node, i, *thread.operation);
            } else if (i > 0 && thread.left > 0) {
                resume(node, i, sweep);
            } else if (i == 0 && !node.world.is_finished) {
                for (const Operation& operation : operations)
                    if (thread.left > 0)
                        resume(node, i, operation);
                resume(node, i, finish);
            }
        }
    }

    // One step further in that operation, which may begin by that.
    void resume(Node node, int i, const Operation& operation) {
        Thread& thread = node.threads[i];
        if (!thread.operation)
            thread.left--;
        running = {&node.world, i, thread.past, 0, true, torn_};
        SteppedLedger ledger{SteppedBooks()};
        SteppedSlot slot;
        try {
            operation.run(ledger, slot);
            thread.operation = nullptr;
            thread.past.clear();
        } catch (const Stopped&) {
            thread.operation = &operation;
            thread.past = running.past;
        }
        visit(node);
    }

    std::optional<Torn> torn_;
    std::unordered_set<std::string> seen_;
    const char* fault_ = nullptr;
};

struct Case {
    const char* name;
    Torn torn;
};

} // namespace

TEST_SUITE_BEGIN("unit: ledger");

TEST_CASE("whatever an owner and one sweep do to a connection, all is counted and journalled once") {
    const char* fault = Explorer(std::nullopt).explore(4, 1, 0);
    CHECK_MESSAGE(!fault, std::string(fault ? fault : ""));
}

TEST_CASE("whatever an owner and two sweeps do to a connection, all is counted and journalled once") {
    Explorer explorer(std::nullopt);
    const char* fault = explorer.explore(2, 1, 1);
    CHECK_MESSAGE(!fault, std::string(fault ? fault : ""));
    CHECK(explorer.worlds() > 100'000);
}

TEST_CASE("a transition that is made in two steps is found, if a sweep can come in between") {
    const Case contended[] = {
        {"open", {State::connecting, State::open}},
        {"lose, and end of open", {State::open, State::lost}},
        {"end of connecting", {State::connecting, State::lost}},
        {"end of reviving", {State::reviving, State::lost}},
        {"sweep of connecting", {State::connecting, State::swept}},
        {"sweep of open", {State::open, State::swept}},
        {"sweep of reviving, and give_up", {State::reviving, State::swept}},
        {"revived", {State::reviving, State::open}},
    };
    for (const Case& c : contended) {
        CAPTURE(std::string(c.name));
        CHECK(Explorer(c.torn).explore(2, 1, 1) != nullptr);
    }
}

TEST_CASE("sweeps leave alone what is free, lost or swept") {
    const Case the_owners[] = {
        {"begin", {State::lost, State::connecting}},
        {"revive", {State::swept, State::reviving}},
        {"end of swept", {State::swept, State::lost}},
        {"remove", {State::lost, State::free}},
    };
    for (const Case& c : the_owners) {
        CAPTURE(std::string(c.name));
        CHECK(Explorer(c.torn).explore(3, 1, 0) == nullptr);
    }
}

TEST_SUITE_END();
