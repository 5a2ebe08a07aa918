// Prefilter: looks at a text for the first time, and for nearly all that programs send also for the last. A look costs a
// tenth of reading.
// Context: any. It allocates nothing and never reads past the text.
#pragma once

#include <string_view>

namespace pqsweep {

struct Glance {
    bool can_have_effect;
    bool has_parenthesis; // true if it can have an effect
};

// Returns whether a statement that begins with none of the commands in sql.cc (a SELECT, an UPDATE) can have an effect, or be
// more than one. The text is the statement's, or its rest. Without a semicolon, and without one of these words or what begins
// with it, it can't: EXECUTE, INTO, set_config, setseed, dblink, what sets up replication origins and slots and backups, all about
// advisory locks, and a name with escapes. True for strings and comments that hold one. It does not look for other functions.
Glance glance(std::string_view text);

} // namespace pqsweep
