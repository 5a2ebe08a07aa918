#include "shim/session/sql/tokens.hh"

#include "shim/base/text.hh"

#include <cstring>

namespace pqsweep {

namespace {

enum Class : uint8_t { symbol = 0, blank = 1, letter = 2, digit = 4, dollar = 8 };

struct Classes {
    uint8_t of[256];
    constexpr Classes() : of{} {
        for (int c = 0; c < 256; c++) {
            bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
            of[c] = is_letter ? letter : c >= '0' && c <= '9' ? digit : c == '$' ? dollar : symbol;
        }
        for (char c : {' ', '\t', '\n', '\r', '\f', '\v'})
            of[static_cast<unsigned char>(c)] = blank;
    }
};
constexpr Classes classes;

bool is_any(char c, int of) {
    return classes.of[static_cast<unsigned char>(c)] & of;
}

bool is_newline(char c) {
    return c == '\n' || c == '\r';
}

// Each of these goes on from `at`, and returns the end of what it skips.

const char* skip(const char* at, const char* end, int of) {
    while (at < end && is_any(*at, of))
        at++;
    return at;
}

const char* skip_to(const char* at, const char* end, char c) {
    const void* found = at < end ? memchr(at, c, static_cast<size_t>(end - at)) : nullptr;
    return found ? static_cast<const char*>(found) : end;
}

bool starts(const char* at, const char* end, char first, char second) {
    return end - at > 1 && at[0] == first && at[1] == second;
}

const char* skip_line(const char* at, const char* end) {
    while (at < end && !is_newline(*at))
        at++;
    return at;
}

const char* skip_comment(const char* at, const char* end) {
    int depth = 0;
    do {
        int step = starts(at, end, '/', '*') ? 1 : starts(at, end, '*', '/') ? -1 : 0;
        depth += step;
        at += step ? 2 : 1;
    } while (depth && at < end);
    return at;
}

const char* skip_blank(const char* at, const char* end) {
    for (;;) {
        at = skip(at, end, blank);
        if (starts(at, end, '-', '-'))
            at = skip_line(at, end);
        else if (starts(at, end, '/', '*'))
            at = skip_comment(at, end);
        else
            return at;
    }
}

// From behind a string's closing quote to the next part's opening one: a string goes on in the next line, by the
// rules of its start. The end of the text when there is no such part.
const char* skip_to_continuation(const char* at, const char* end) {
    bool newline = false;
    for (; at < end && (is_any(*at, blank) || starts(at, end, '-', '-')); at++) {
        if (*at == '-')
            at = skip_line(at, end) - 1;
        else
            newline |= is_newline(*at);
    }
    return newline && at < end && *at == '\'' ? at : end;
}

// From behind the opening quote.
const char* skip_string(const char* at, const char* end, bool escapes) {
    for (;;) {
        if (!escapes)
            at = skip_to(at, end, '\'');
        else
            while (at < end && *at != '\'')
                at += *at == '\\' && end - at > 1 ? 2 : 1;
        if (at == end)
            return end;
        at++;
        const char* next = at < end && *at == '\'' ? at : skip_to_continuation(at, end);
        if (next == end)
            return at;
        at = next + 1;
    }
}

const char* skip_quoted(const char* at, const char* end) {
    do
        at = skip_to(at + 1, end, '"');
    while (starts(at, end, '"', '"') && ++at);
    return at < end ? at + 1 : end;
}

// `at` itself when that dollar starts no string.
const char* skip_dollar_string(const char* at, const char* end) {
    const char* tag = at + 1;
    if (tag < end && !is_any(*tag, digit))
        tag = skip(tag, end, letter | digit);
    if (tag == end || *tag != '$')
        return at;
    std::string_view delimiter = between(at, tag + 1);
    for (at = skip_to(tag + 1, end, '$'); at < end; at = skip_to(at + 1, end, '$'))
        if (starts_with(between(at, end), delimiter))
            return at + delimiter.size();
    return end;
}

} // namespace

// Of all that a word consists of, only a letter differs from another byte in nothing but the bit for upper case.
bool Token::equals(std::string_view word) const {
    constexpr uint32_t of_case = 0x20;
    size_t i = 0;
    for (uint32_t ours = 0, other = 0; i + sizeof ours <= word.size(); i += sizeof ours) {
        memcpy(&ours, text.data() + i, sizeof ours);
        memcpy(&other, word.data() + i, sizeof other);
        if ((ours ^ other) & ~(of_case * 0x01010101))
            return false;
    }
    for (; i < word.size(); i++)
        if (static_cast<uint32_t>(text[i] ^ word[i]) & ~of_case)
            return false;
    return true;
}

void Tokens::next(Token& token) {
    using Kind = Token::Kind;
    const char* const end = end_;
    const char* const start = skip_blank(at_, end);
    const char* at = start;
    Kind kind = Kind::end;
    if (at == end) {
    } else if (char c = *at; is_any(c, letter)) {
        kind = Kind::word;
        at = skip(at + 1, end, letter | digit | dollar);
        bool prefix = at < end && *at == '\'' && at - start == 1 && strchr("exbn", lower(c));
        if (prefix) {
            kind = Kind::string;
            at = skip_string(at + 1, end, lower(c) == 'e' || (escapes_ && lower(c) == 'n'));
        }
    } else if (is_any(c, digit)) {
        kind = Kind::number;
        at = skip(at, end, digit);
    } else if (c == '\'') {
        kind = Kind::string;
        at = skip_string(at + 1, end, escapes_);
    } else if (c == '"') {
        kind = Kind::quoted;
        at = skip_quoted(at, end);
    } else if (c == '$' && end - at > 1 && is_any(at[1], digit)) {
        kind = Kind::parameter;
        at = skip(at + 1, end, digit);
    } else {
        kind = Kind::string;
        if (c == '$')
            at = skip_dollar_string(at, end);
        if (at == start) {
            kind = Kind::symbol;
            at++;
        }
    }
    at_ = at;
    token.kind = kind;
    token.text = between(start, at);
}

std::string_view list_at(Tokens tokens) {
    Token token = tokens.next();
    const char* start = token.text.data();
    for (int depth = token.is('(') ? 1 : 0; depth > 0 && token.kind != Token::Kind::end;) {
        tokens.next(token);
        depth += token.is('(') ? 1 : token.is(')') ? -1 : 0;
        if (depth == 0)
            return between(start, token.text.data() + 1);
    }
    return {};
}

size_t fold_name(std::string_view name, bool of_setting, char* out) {
    char* to = out;
    Tokens tokens(name);
    for (Token token = tokens.next(); token.kind != Token::Kind::end; token = tokens.next()) {
        bool quoted = token.kind == Token::Kind::quoted || (of_setting && token.kind == Token::Kind::string);
        bool lowers = of_setting || token.kind == Token::Kind::word;
        size_t size = token.text.size();
        for (size_t i = 0; i < size; i++) {
            char c = token.text[i];
            if (quoted && c == token.text[0]) {
                if (i == 0 || i + 1 == size || token.text[i + 1] != c)
                    continue;
                i++;
            }
            *to++ = lowers ? lower(c) : c;
        }
    }
    return static_cast<size_t>(to - out);
}

} // namespace pqsweep
