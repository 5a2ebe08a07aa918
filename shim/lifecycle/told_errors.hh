// Told errors: what results and PGconns say of the end of a swept connection where no stream could bring the reason to libpq: the
// connection is encrypted, or was cut inside a message. libpq has words of its own there, and our hooks return these.
//
// Nobody learns when a program frees a result. An error is known by the address of its result or PGconn and by libpq's words
// in it: a later result at that address has other words, or none. The latest 64 are told.
// Context: any thread. errno: kept.
#pragma once

#include <string_view>

namespace pqsweep::told_errors {

// From now on the result or PGconn `of` tells `fields`, the body of an ErrorResponse, while libpq has these words for its message.
// `behind` ends the message. Returns that, as message() does; null if there is no memory.
const char* tell(const void* of, std::string_view words, std::string_view fields, std::string_view behind);

// Returns whether anything was told.
bool are_there();

// Both return null if `of` does not tell that; else what PQresultErrorField returns, and PQresultErrorMessage or PQerrorMessage. A text is
// good until 64 others are told.
const char* field(const void* of, std::string_view words, char code);
const char* message(const void* of, std::string_view words);

// Call in the child of a fork.
void forget_parent();

} // namespace pqsweep::told_errors
