#include "shim/session/sql/parameters.hh"

#include "shim/base/fixed_text.hh"
#include "shim/base/text.hh"

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

// The types of which a value is understood. The server infers a type for the first two.
enum Type : unsigned {
    inferred = 0,
    literal = 705,
    boolean = 16,
    int8 = 20,
    int2 = 21,
    int4 = 23,
    text = 25,
    varchar = 1043,
    other = ~0u
};

bool is_inferred_type(unsigned type) {
    return type == inferred || type == literal;
}

Type type_named(const Token& name) {
    constexpr struct {
        FixedText<8> name;
        Type type;
    } types[] = {{"text", text}, {"varchar", varchar}, {"unknown", literal}, {"int", int4},
                 {"int4", int4}, {"integer", int4},    {"int8", int8},       {"bigint", int8},
                 {"int2", int2}, {"smallint", int2},   {"bool", boolean},    {"boolean", boolean}};
    for (const auto& each : types)
        if (name.is(each.name))
            return each.type;
    return other;
}

// Returns an item of a list in parentheses; its data() is null if there are fewer.
std::string_view item_of(std::string_view list, int i) {
    Tokens tokens(list);
    Token token = tokens.next();
    const char* start = token.text.data() + token.text.size();
    for (int depth = 0; depth >= 0 && token.kind != Token::Kind::end;) {
        tokens.next(token);
        depth += token.is('(') || token.is('[') ? 1 : token.is(')') || token.is(']') ? -1 : 0;
        if (depth < 0 || (depth == 0 && token.is(','))) {
            if (i-- == 0)
                return between(start, token.text.data());
            start = token.text.data() + token.text.size();
        }
    }
    return {};
}

// Returns the token that the item is; Kind::end for an item of several.
Token only_token_of(std::string_view item) {
    Tokens tokens(item);
    Token token = tokens.next();
    return tokens.next().kind == Token::Kind::end ? token : Token{};
}

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
        return token.is("true") || token.is("false") ? Value{Kind::text, false, 0, text}.of_type(boolean)
                                                     : value;
    case Token::Kind::number:
        return Value{Kind::text, false, 0, text}.of_type(int8);
    default:
        return value;
    }
    return {Kind::text, false, 0, text};
}

bool Value::to_integer(int64_t& out) const {
    if (kind == Kind::integer) {
        out = number;
        return true;
    }
    auto size = static_cast<int>(bytes.size());
    if (kind == Kind::binary && (size == 8 || size == 4 || size == 2)) {
        out = integer_in(bytes.data(), size);
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
    if (kind == Kind::null || kind == Kind::integer || kind == Kind::boolean) {
        out = number != 0;
        return true;
    }
    if (kind == Kind::binary && bytes.size() == 1) {
        out = bytes[0] != 0;
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

std::string_view Value::as_text(Digits& buffer) const {
    Text out(buffer);
    switch (kind) {
    case Kind::text:
    case Kind::binary:
        return bytes;
    case Kind::integer:
        return (out << number).view();
    case Kind::boolean:
        return out.raw(number ? "true" : "false").view();
    default:
        return {};
    }
}

Value Value::of_type(unsigned type) const {
    Value value = *this;
    bool is_true = false;
    switch (kind == Kind::null ? text : type) {
    case inferred:
    case literal:
        value.is_inferred = true;
        break;
    case text:
    case varchar:
        break;
    case int8:
    case int4:
    case int2:
        value.kind = to_integer(value.number) ? Kind::integer : Kind::unknown;
        break;
    case boolean:
        value.kind = to_boolean(is_true) ? Kind::boolean : Kind::unknown;
        value.number = is_true;
        break;
    default:
        value.kind = Kind::unknown;
    }
    return value;
}

Value Parameters::of(const Token& parameter) const {
    Value number{Value::Kind::text, false, 0, {parameter.text.data() + 1, parameter.text.size() - 1}};
    int64_t n = 0;
    if (!number.to_integer(n) || n < 1 || n > 65535)
        return {};
    auto i = static_cast<int>(n - 1);
    return list_.empty() ? bound(i) : Value::of(only_token_of(item_of(list_, i))).of_type(type_of(i));
}

unsigned Parameters::type_of(int i) const {
    if (i < types_count_ && !is_inferred_type(types_[i]))
        return types_[i];
    std::string_view name = item_of(type_list_, i);
    return name.data() ? type_named(only_token_of(name)) : inferred;
}

Value Parameters::bound(int i) const {
    Value value;
    if (i >= count_ || !values_)
        return value;
    const char* bytes = values_[i];
    if (!bytes) {
        value.kind = Value::Kind::null;
        return value;
    }
    unsigned type = type_of(i);
    bool is_text = !formats_ || formats_[i] == 0;
    int size = lengths_ && lengths_[i] > 0 ? lengths_[i] : 0;
    value.bytes = {bytes, is_text ? strlen(bytes) : static_cast<size_t>(size)};
    value.kind = is_text || type == text || type == varchar ? Value::Kind::text : Value::Kind::binary;
    return value.of_type(type);
}

} // namespace pqsweep
