// Prepares the culprits of a history for people: parses their stacks, folds identical ones, sorts the worst first.
#pragma once

#include "tools/journal/frame.hh"
#include "tools/journal/history.hh"

namespace pqsweep::tools {

// The gate's judgement.
enum class Standing : uint8_t { passed, failed, known, suppressed };

// Holds views into its history.
struct Finding {
    std::string_view tag, test, stack, state, database, last_test{};
    bool is_source = false;
    bool is_pools = false; // a library's pool of connections opened it
    Frame frame;           // of the stack's first line
    Frame pool_frame{};    // of the line that made the pool; without a file: not known
    Fate fate = Fate::left_open;
    uint64_t count = 0, outlived = 0;
    double age = 0;
    int64_t backend = 0;
    Standing standing = Standing::passed;
    bool is_new = false; // it fails, and the baseline that was given does not have it

    // The test that opened it or, if that is unknown, the tag.
    std::string opener() const;
    // Only a line outside the program's own files is known, as of a driver. Nobody can change that.
    bool has_foreign_line() const;
    // The program's file that opened it or, if that is unknown, its test's; empty: neither is known.
    std::string file() const;
    // "abandoned", with what the baseline says of it: "abandoned; NEW".
    std::string outcome() const;
    // "in transaction", or "idle (a pool's)": disposing of the pool closes it. A newer version's state stands as it is.
    std::string_view doing() const;
    bool is_in_transaction() const { return state == "transaction" || state == "failed"; }
};

// Returns the test that opened a connection or, if that is unknown, the tag.
std::string opener_of(std::string_view tag, std::string_view test);

// Returns those in a transaction and busy ones first, then idle ones, late ones, those open at exit, and revived ones. Among
// equals, the most frequent come first.
std::vector<Finding> findings_of(const History& history);

std::string tag_text(std::string_view tag); // "(no tag)" for none

} // namespace pqsweep::tools
