// Tokens: splits a text by PostgreSQL's lexical rules, as far as they tell words from strings, comments and names.
// Context: any. It allocates nothing and never reads past the text, whatever is in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pqsweep {

inline char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

inline std::string_view between(const char* from, const char* to) {
    return {from, static_cast<size_t>(to - from)};
}

struct Token {
    // A quoted identifier and a string have their quotes; a string also what stands before them, as in E'...'.
    enum class Kind : uint8_t { end, word, quoted, string, number, parameter, symbol };
    Kind kind;
    std::string_view text;

    bool is(std::string_view lower_case_word) const {
        return kind == Kind::word && text.size() == lower_case_word.size() && equals(lower_case_word);
    }
    bool is(char symbol) const { return kind == Kind::symbol && text[0] == symbol; }
    bool is_name() const { return kind == Kind::word || kind == Kind::quoted; }
    // That name, quoted or not.
    bool names(std::string_view lower_case_name) const {
        if (kind != Kind::quoted)
            return is(lower_case_name);
        return text.size() == lower_case_name.size() + 2 &&
               std::string_view(text.data() + 1, lower_case_name.size()) == lower_case_name;
    }

private:
    bool equals(std::string_view lower_case_word) const;
};

// The tokens of a text, without white space and comments. Symbols are single characters, and so is what stands
// between the digits of a number.
class Tokens {
public:
    explicit Tokens(std::string_view sql, bool escapes = false)
        : at_(sql.data()), end_(sql.data() + sql.size()), escapes_(escapes) {}
    // In place: a copy would have to wait for the parts just written.
    void next(Token& token);
    Token next() {
        Token token{};
        next(token);
        return token;
    }

private:
    const char* at_;
    const char* end_;
    bool escapes_; // backslashes escape in every string
};

// Returns whether a name, as written, is one of `names`.
template<class Names>
bool is_one_of(std::string_view name, const Names& names) {
    Token written = Tokens(name).next();
    for (std::string_view each : names)
        if (written.names(each))
            return true;
    return false;
}

// Returns the list in parentheses that comes next, with them; empty if none does.
std::string_view list_at(Tokens tokens);

// Writes the name, an argument list or a string in comparable form: words and the names of settings in lower case,
// identifiers without quotes, no blanks. Returns how many bytes, at most name.size().
size_t fold_name(std::string_view name, bool of_setting, char* out);

} // namespace pqsweep
