// Calls: finds calls of the functions that act on the session: set_config, those for session advisory locks, and some that
// leave behind what nobody can read.
// Context: any.
#pragma once

#include "shim/session/sql/reader.hh"

namespace pqsweep::calls {

// Returns what a call of the function with that name does; nullptr for any other token.
const Act* act_of(const Token& name);

// Returns whether a SELECT that goes on with these tokens begins with a call of a function that is not known to leave the session
// alone, as `select login('x')`, `select distinct (login('x')).*` and `select * from login('x')`. Nobody calls a function for what it does
// in any other place.
bool begins_with_unknown(Tokens tokens);

// Reports what the calls in `statement` do, which is part of the one being read. Only a SELECT of nothing but such calls
// is sure to make each of them, and once.
void read(Reader& reader, std::string_view statement);

} // namespace pqsweep::calls
