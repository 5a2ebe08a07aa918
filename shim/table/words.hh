// The words that journals, reports and messages use: each kind of thing that pqsweep distinguishes, with its words.
// name_of() returns what programs read (journals, JSON, PQSWEEP_KEEP) and words_for() what people read.
//
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include "shim/base/fixed_text.hh"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace pqsweep {

// What a connection is doing.
enum class Activity : uint8_t { connecting, idle, transaction, failed, running, copy, pipeline, lost };

struct ActivityWords {
    FixedText<11> name;
    FixedText<21> words;
    FixedText<30> clause; // completes "pqsweep closed it ..."
};
constexpr ActivityWords activity_words[] = {
    {"connecting", "connecting", "while it was connecting"},
    {"idle", "idle", "while it was idle"},
    {"transaction", "in transaction", "with a transaction open"},
    {"failed", "in failed transaction", "with a failed transaction open"},
    {"running", "running", "while a statement was running"},
    {"copy", "copy", "in the middle of a COPY"},
    {"pipeline", "pipeline", "in the middle of a pipeline"},
    {"lost", "lost", ""},
};

constexpr std::string_view name_of(Activity activity) {
    return activity_words[static_cast<size_t>(activity)].name;
}
constexpr std::string_view words_for(Activity activity) {
    return activity_words[static_cast<size_t>(activity)].words;
}
constexpr std::string_view clause_for(Activity activity) {
    return activity_words[static_cast<size_t>(activity)].clause;
}
constexpr bool has_transaction(Activity activity) {
    return activity == Activity::transaction || activity == Activity::failed;
}

// How the last attempt to revive a connection failed.
enum class Hindrance : uint8_t {
    none,
    no_connection, // libpq's error message says why; the next use tries again
    no_time,       // the server did not reply in time; the next use tries again
    unheard,       // the owner's event loop would not hear the reply; the next use tries again
    not_restorable // what its session had could not be made again
};

// A Fate says what became of a connection that its owner did not close in time. A straggler that is open at exit is a pool's: it was idle,
// and several tags had used it. One that was dropped is left open for good, whatever happens to its connection.
enum class Fate : uint8_t { left_open, closed_late, used_again, reset, revived, open_at_exit, dropped };
constexpr Fate all_fates[] = {Fate::left_open, Fate::closed_late, Fate::used_again,
                              Fate::reset,     Fate::revived,     Fate::open_at_exit};

struct FateWords {
    FixedText<12> name;
    FixedText<24> words;
};
constexpr FateWords fate_words[] = {
    {"left_open", "abandoned"},      {"closed_late", "late"}, {"used_again", "used again: got an error"},
    {"reset", "reset by its owner"}, {"revived", "revived"},  {"open_at_exit", "open at exit"},
    {"left_open", "abandoned"},
};
static_assert(std::size(fate_words) == std::size(all_fates) + 1);

constexpr std::string_view name_of(Fate fate) {
    return fate_words[static_cast<size_t>(fate)].name;
}
constexpr std::string_view words_for(Fate fate) {
    return fate_words[static_cast<size_t>(fate)].words;
}
// Its owner neither used it again nor finished it.
constexpr bool is_abandoned(Fate fate) {
    return fate == Fate::left_open || fate == Fate::dropped;
}
constexpr bool is_straggler(Fate fate) {
    return fate != Fate::open_at_exit;
}

// The columns in which a summary counts the connections of a tag.
namespace heading {
constexpr std::string_view opened = "opened", closed = "closed", idle = "idle", transaction = "in tx",
                           running = "run", revived = "revived", late = "late", abandoned = "abandoned",
                           peak = "peak", peak_without = "w/o";
} // namespace heading

// A summary lists so many culprits of a kind, and counts the rest.
constexpr uint32_t most_listed = 50;

namespace journal {

enum class Event : uint8_t {
    start,
    fork,
    open,
    close,
    tag,
    sweep,
    revive,
    refuse,
    inherited,
    left,
    exit,
    wait,
    in_use,
    no_slot,
    rollback,
    run,
    warning
};
constexpr FixedText<9> event_names[] = {"start",  "fork",    "open",      "close", "tag",    "sweep",
                                        "revive", "refuse",  "inherited", "left",  "exit",   "wait",
                                        "in_use", "no_slot", "rollback",  "run",   "warning"};
constexpr std::string_view name_of(Event event) {
    return event_names[static_cast<size_t>(event)];
}

// How a connection came to its end. After a sweep, `late`: by its owner; `dropped`: by nobody's will (see lifecycle/ending.hh).
enum class Close : uint8_t { owner, late, reset, lost, dropped };
constexpr FixedText<7> close_names[] = {"owner", "late", "reset", "lost", "dropped"};
constexpr std::string_view name_of(Close close) {
    return close_names[static_cast<size_t>(close)];
}

} // namespace journal
} // namespace pqsweep
