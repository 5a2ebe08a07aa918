// The culprits of a history, for people: with what the stack says, identical ones folded, worst first.
#pragma once

#include "tools/journal/frame.hh"
#include "tools/journal/history.hh"

namespace pqsweep::tools {

// What the gate makes of it.
enum class Standing : uint8_t { passed, failed, known, suppressed };

// Views into the history it is of.
struct Finding {
    std::string_view tag, test, stack, state, database;
    bool is_source = false;
    Frame frame; // of the stack's first line
    Fate fate = Fate::left_open;
    uint64_t count = 0, outlived = 0;
    double age = 0;
    int64_t backend = 0;
    Standing standing = Standing::passed;

    // Whatever is known of who opened it: the test, or the tag.
    std::string opener() const;
    bool is_in_transaction() const { return state == "transaction" || state == "failed"; }
};

// Those that held a transaction or were busy come first, then idle ones, then those that were open at exit and those
// that were revived; among equals the most frequent.
std::vector<Finding> findings_of(const History& history);

// A newer version's state stands as it is.
std::string_view words_for_state(std::string_view state);
std::string tag_text(std::string_view tag); // "(no tag)" for none

} // namespace pqsweep::tools
