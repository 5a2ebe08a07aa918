#include "shim/session/sql/functions.hh"

namespace pqsweep::calls {

namespace {

struct Function {
    std::string_view name;
    Act act;
};
constexpr Function functions[] = {
    {"set_config", Act::set},
    {"pg_advisory_lock", Act::lock},
    {"pg_try_advisory_lock", Act::lock},
    {"pg_advisory_lock_shared", Act::lock_shared},
    {"pg_try_advisory_lock_shared", Act::lock_shared},
    {"pg_advisory_unlock", Act::unlock},
    {"pg_advisory_unlock_shared", Act::unlock_shared},
    {"pg_advisory_unlock_all", Act::unlock_all},
};

bool is_plain_string(const Token& token) {
    return token.kind == Token::Kind::string && token.text.size() > 1 && token.text[0] == '\'' &&
           token.text.back() == '\'' && token.text.find('\n') == token.text.npos;
}

int nesting(const Token& token) {
    return token.is('(') ? 1 : token.is(')') ? -1 : 0;
}

struct Arguments {
    static constexpr uint32_t most = 3;

    std::string_view text;
    uint32_t count = 0;
    Token each[most]{}; // of a single token; Kind::end for any other
    bool is_constant = true;
    bool is_closed = false;

    // Reads on from behind the opening parenthesis to behind the closing one.
    explicit Arguments(Tokens& tokens) {
        Token token = tokens.next(), last{};
        const char* start = token.text.data();
        uint32_t size = 0; // of this argument, in tokens
        for (int depth = 0; token.kind != Token::Kind::end; last = token, token = tokens.next()) {
            depth += nesting(token);
            is_closed = depth < 0;
            if (is_closed)
                break;
            if (token.is(',') && depth == 0) {
                count++;
                size = 0;
                continue;
            }
            if (count < most)
                each[count] = size == 0 ? token : Token{};
            size++;
            is_constant &= may_be_constant(token, last);
        }
        text = between(start, token.text.data());
        count += !text.empty();
    }

private:
    // As far as the text tells: a word is a column, unless it is a cast's type or one of these functions.
    static bool may_be_constant(const Token& token, const Token& last) {
        if (token.kind == Token::Kind::word)
            return last.is(':') || token.is("hashtext") || token.is("hashtextextended");
        return token.kind != Token::Kind::parameter && token.kind != Token::Kind::quoted;
    }
};

bool is_list_of_calls(std::string_view statement) {
    Tokens tokens(statement);
    if (!tokens.next().is("select"))
        return false;
    Token token{};
    do {
        token = tokens.next();
        if (token.names("pg_catalog") && tokens.next().is('.'))
            token = tokens.next();
        if (!act_of(token) || !tokens.next().is('(') || !Arguments(tokens).is_closed)
            return false;
        token = tokens.next();
        if (token.is("as") && tokens.next().is_name())
            token = tokens.next();
    } while (token.is(','));
    return token.kind == Token::Kind::end;
}

// `text`: from the function's name to the closing parenthesis.
void tell_setting(Reader& reader, const Arguments& arguments, std::string_view text, bool is_sure) {
    const auto& [key, value, is_local] = arguments.each;
    if (is_local.is("true"))
        return;
    bool is_named = arguments.count == 3 && is_plain_string(key);
    if (is_named && is_sure && is_plain_string(value) && is_local.is("false"))
        reader.tell(Act::set, key.text, text, "SELECT pg_catalog.");
    else
        reader.tell(Act::set_unknown, is_named ? key.text : std::string_view());
}

void tell_lock(Reader& reader, Act act, const Arguments& arguments, bool is_sure) {
    bool counts = is_sure && arguments.is_constant && !reader.is_prepared;
    if (counts || act == Act::lock || act == Act::lock_shared)
        reader.tell(act, counts ? arguments.text : std::string_view());
}

} // namespace

const Act* act_of(const Token& name) {
    if (!name.is_name() || name.text.size() < 10)
        return nullptr;
    for (const Function& function : functions)
        if (name.names(function.name))
            return &function.act;
    return nullptr;
}

void read(Reader& reader, std::string_view statement) {
    bool is_list = is_list_of_calls(statement);
    Tokens tokens(statement);
    int depth = 0;
    for (Token token = tokens.next(); token.kind != Token::Kind::end; token = tokens.next()) {
        depth += nesting(token);
        const Act* act = act_of(token);
        Tokens behind = tokens;
        if (!act || !behind.next().is('('))
            continue;
        Arguments arguments(behind);
        bool is_sure = is_list && depth == 0;
        if (*act == Act::set) {
            const char* end = arguments.text.data() + arguments.text.size() + arguments.is_closed;
            tell_setting(reader, arguments, between(token.text.data(), end), is_sure);
        } else if (*act != Act::unlock_all) {
            tell_lock(reader, *act, arguments, is_sure);
        } else if (is_sure) {
            reader.tell(Act::unlock_all);
        }
    }
}

} // namespace pqsweep::calls
