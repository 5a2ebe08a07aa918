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
//     | Q    |                          | text, NUL                                      |  Query
//     | D    |                          | columns, 2 bytes; size, 4 bytes, and bytes; ...|  DataRow
//     +------+--------------------------+------------------------------------------------+
//
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include "shim/base/text.hh"

namespace pqsweep::protocol {

// Tells the server that the client ends the session, as PQfinish does.
constexpr std::string_view terminate("X\0\0\0\4", 5);

// The types of messages.
constexpr char error_response = 'E', ready_for_query = 'Z', query = 'Q', data_row = 'D';

// The codes of an ErrorResponse's fields.
constexpr char severity = 'S', untranslated_severity = 'V', sqlstate = 'C', message = 'M', detail = 'D',
               hint = 'H';

constexpr std::string_view nul("\0", 1);

// The sizes of a number, of how many columns a row has, and of a message's type and length.
constexpr size_t number_size = 4, count_size = 2, header_size = 1 + number_size;

inline uint32_t number_at(const char* at) {
    uint32_t number = 0;
    for (size_t i = 0; i < number_size; i++)
        number = number << 8 | static_cast<unsigned char>(at[i]);
    return number;
}

inline void append_field(Text& out, char code, std::string_view value) {
    out.raw({&code, 1}).raw(value).raw(nul);
}

inline void append_header(Text& out, char type, size_t body_size) {
    auto length = static_cast<uint32_t>(body_size + number_size);
    char header[header_size] = {type, static_cast<char>(length >> 24), static_cast<char>(length >> 16),
                                static_cast<char>(length >> 8), static_cast<char>(length)};
    out.raw({header, sizeof header});
}

inline void append_message(Text& out, char type, std::string_view body) {
    append_header(out, type, body.size());
    out.raw(body);
}

} // namespace pqsweep::protocol
