// Prefilter: looks at a text for the first time, and for nearly all that programs send also for the last. A look costs a
// tenth of reading.
// Context: any. It allocates nothing and never reads past the text.
#pragma once

#include <string_view>

namespace pqsweep {

// Returns whether one of the words can be in the text without which a statement that begins with none of the commands
// in sql.cc (a SELECT, an UPDATE) has no effect: EXECUTE, INTO, set_config, setseed, dblink, what sets up replication
// origins, all about advisory locks, and a name with escapes. True for words that only look like it.
bool has_telling_word(std::string_view text);

} // namespace pqsweep
