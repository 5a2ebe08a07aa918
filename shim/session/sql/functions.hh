// Calls: of the functions that act on the session, set_config and those for session advisory locks.
#pragma once

#include "shim/session/sql/reader.hh"

namespace pqsweep::calls {

// What a call of the function with that name does; nullptr for any other token.
const Act* act_of(const Token& name);

// Tells what the calls in `statement` do, which is part of the one being read. Only a SELECT of nothing but such calls
// is sure to make each of them, and once.
void read(Reader& reader, std::string_view statement);

} // namespace pqsweep::calls
