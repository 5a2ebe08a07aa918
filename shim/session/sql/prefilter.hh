// Glance: a first look at a text, which for nearly all that programs send is the last: it costs a tenth of reading it.
#pragma once

#include <string_view>

namespace pqsweep {

// Whether one of the words may be in the text without which a statement that is no command of its own (SELECT, UPDATE,
// anything but those in sql.cc) has no effect: EXECUTE, INTO, set_config, setseed, dblink, what sets up replication
// origins, and all about advisory locks. True for words that only look like it.
bool has_telling_word(std::string_view text);

} // namespace pqsweep
