#include "shim/session/sql/parameters.hh"

#include <cstring>

namespace pqsweep {

namespace {

bool equals(std::string_view text, std::string_view lower_case) {
    for (size_t i = 0; i < text.size(); i++)
        if (lower(text[i]) != lower_case[i])
            return false;
    return true;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\n\r\f\v";
    while (!text.empty() && blanks.find(text.front()) != blanks.npos)
        text.remove_prefix(1);
    while (!text.empty() && blanks.find(text.back()) != blanks.npos)
        text.remove_suffix(1);
    return text;
}

int64_t integer_in(const char* bytes, int size) {
    uint64_t number = 0;
    for (int i = 0; i < size; i++)
        number = number << 8 | static_cast<unsigned char>(bytes[i]);
    int unused = 64 - 8 * size;
    return static_cast<int64_t>(number << unused) >> unused;
}

// The types of which a binary value is understood; 0: the server infers one.
enum Type : unsigned {
    inferred = 0,
    boolean = 16,
    int8 = 20,
    int2 = 21,
    int4 = 23,
    text = 25,
    varchar = 1043
};

} // namespace

Value Value::of(const Token& token) {
    std::string_view text = token.text;
    Value value;
    switch (token.kind) {
    case Token::Kind::string:
        if (text.size() < 2 || text.front() != '\'' || text.find('\'', 1) != text.size() - 1 ||
            text.find('\\') != text.npos)
            return value;
        text = {text.data() + 1, text.size() - 2};
        break;
    case Token::Kind::word:
        if (token.is("null"))
            value.kind = Kind::null;
        if (!token.is("true") && !token.is("false"))
            return value;
        break;
    case Token::Kind::number:
        break;
    default:
        return value;
    }
    value.kind = Kind::text;
    value.bytes = text;
    return value;
}

bool Value::to_integer(int64_t& out) const {
    if (kind == Kind::integer) {
        out = number;
        return true;
    }
    std::string_view digits = trimmed(bytes);
    bool is_negative = !digits.empty() && digits.front() == '-';
    if (!digits.empty() && (is_negative || digits.front() == '+'))
        digits.remove_prefix(1);
    if (kind != Kind::text || digits.empty() || digits.size() > 18)
        return false;
    int64_t result = 0;
    for (char c : digits) {
        if (c < '0' || c > '9')
            return false;
        result = result * 10 + (c - '0');
    }
    out = is_negative ? -result : result;
    return true;
}

bool Value::to_boolean(bool& out) const {
    if (kind == Kind::null || kind == Kind::integer) {
        out = kind == Kind::integer && number != 0;
        return true;
    }
    constexpr struct {
        std::string_view word;
        size_t least; // of its letters
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    std::string_view word = trimmed(bytes);
    for (const auto& each : words) {
        if (kind == Kind::text && word.size() >= each.least && word.size() <= each.word.size() &&
            equals(word, each.word)) {
            out = each.value;
            return true;
        }
    }
    return false;
}

Value Parameters::of(const Token& parameter) const {
    Value number;
    number.kind = Value::Kind::text;
    number.bytes = {parameter.text.data() + 1, parameter.text.size() - 1};
    int64_t n = 0;
    if (!number.to_integer(n) || n < 1 || n > 65535)
        return {};
    auto i = static_cast<int>(n - 1);
    return list_.empty() ? bound(i) : listed(i);
}

Value Parameters::bound(int i) const {
    Value value;
    if (i >= count_ || !values_)
        return value;
    unsigned type = types_ ? types_[i] : inferred;
    const char* bytes = values_[i];
    if (!bytes) {
        value.kind = Value::Kind::null;
        return value;
    }
    bool is_text = !formats_ || formats_[i] == 0;
    int size = lengths_ && lengths_[i] > 0 ? lengths_[i] : 0;
    value.bytes = {bytes, is_text ? strlen(bytes) : static_cast<size_t>(size)};
    if (is_text || type == text || type == varchar) {
        value.kind = Value::Kind::text;
    } else if ((type == int8 && size == 8) || (type == int4 && size == 4) || (type == int2 && size == 2) ||
               (type == boolean && size == 1) ||
               (type == inferred && (size == 8 || size == 4 || size == 1))) {
        value.kind = Value::Kind::integer;
        value.number = integer_in(bytes, size);
    }
    return value;
}

Value Parameters::listed(int i) const {
    Tokens tokens(list_);
    Token token = tokens.next();
    int depth = 0, at = 0;
    do {
        token = tokens.next();
        if (at == i && depth == 0)
            break;
        depth += token.is('(') || token.is('[') ? 1 : token.is(')') || token.is(']') ? -1 : 0;
        at += depth == 0 && token.is(',');
    } while (token.kind != Token::Kind::end && depth >= 0);
    if (at != i)
        return {};
    Token behind = tokens.next();
    return behind.is(',') || behind.is(')') ? Value::of(token) : Value();
}

} // namespace pqsweep
