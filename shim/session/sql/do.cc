#include "shim/session/sql/statements.hh"

#include "shim/session/sql/functions.hh"

namespace pqsweep::commands {

namespace {

// For nothing that shows: the least of all acts.
constexpr Act nothing = Act::begin;

constexpr int most_depth = 8;

// What a text that is run, with the strings in it as further such texts, can do to the session.
Act hidden_in(std::string_view body, int depth) {
    Tokens tokens(body);
    bool starts = true, commits = false;
    Act found = nothing;
    auto add = [&](Act act) { found = act > found ? act : found; };
    Token token = tokens.next();
    for (Token next{}; token.kind != Token::Kind::end; token = next) {
        next = tokens.next();
        for (std::string_view word :
             {"temp", "temporary", "pg_temp", "listen", "unlisten", "load", "pg_settings"})
            if (token.names(word))
                add(Act::unclear);
        if (token.is("execute"))
            add(Act::unclear_at_once);
        if (starts && (token.is("reset") || (token.is("set") && !next.is("local"))))
            add(Act::unclear);
        if (const Act* act = calls::act_of(token))
            add(*act == Act::set ? Act::unclear : Act::unclear_at_once);
        commits |= token.is("commit");
        if (token.kind == Token::Kind::string) {
            size_t quote = token.text[0] == '$' ? token.text.find('$', 1) : token.text.find('\'');
            std::string_view inner(token.text.data() + quote + 1, token.text.size() - quote - 1);
            add(depth < most_depth ? hidden_in(inner, depth + 1) : Act::unclear_at_once);
        }
        starts = token.is(';') || token.is("begin") || token.is("then") || token.is("else") ||
                 token.is("loop") || token.text == "''";
    }
    return found != nothing && commits ? Act::unclear_at_once : found;
}

} // namespace

void do_block(Reader& reader) {
    const Token& now = reader.now();
    Act found = nothing;
    for (bool is_language = false; !reader.at_end(); reader.step()) {
        Act act = is_language && !now.names("plpgsql") ? Act::unclear_at_once // its strings are others
                  : now.kind == Token::Kind::string    ? hidden_in(now.text, 0)
                                                       : nothing;
        found = act > found ? act : found;
        is_language = now.is("language");
    }
    if (found != nothing)
        reader.report(found);
}

void call(Reader& reader) {
    reader.report(Act::unclear_at_once);
}

} // namespace pqsweep::commands
