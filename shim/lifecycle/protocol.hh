// Protocol: the messages of PostgreSQL's protocol 3.0 that the shim writes itself, behind libpq's back. "Message Formats"
// in PostgreSQL's manual has them all.
//
//     +------+--------------------------+------------------------------------------------+
//     | type | length: 4 + body's size, | body                                           |
//     |      | 4 bytes, big-endian      |                                                |
//     +------+--------------------------+------------------------------------------------+
//     | X    |                          | -                                              |  Terminate
//     | E    |                          | code, text, NUL; code, text, NUL; ...; NUL     |  ErrorResponse
//     | Z    |                          | I: no transaction is open                      |  ReadyForQuery
//     +------+--------------------------+------------------------------------------------+
//
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include "shim/base/text.hh"

namespace pqsweep::protocol {

// Tells the server that the client ends the session, as PQfinish does.
constexpr std::string_view terminate("X\0\0\0\4", 5);

// The types of messages.
constexpr char error_response = 'E', ready_for_query = 'Z';

// The codes of an ErrorResponse's fields.
constexpr char severity = 'S', untranslated_severity = 'V', sqlstate = 'C', message = 'M', detail = 'D',
               hint = 'H';

constexpr std::string_view nul("\0", 1);

inline void append_field(Text& out, char code, std::string_view value) {
    out.raw({&code, 1}).raw(value).raw(nul);
}

inline void append_message(Text& out, char type, std::string_view body) {
    auto length = static_cast<uint32_t>(body.size() + 4);
    char header[5] = {type, static_cast<char>(length >> 24), static_cast<char>(length >> 16),
                      static_cast<char>(length >> 8), static_cast<char>(length)};
    out.raw({header, sizeof header}).raw(body);
}

} // namespace pqsweep::protocol
