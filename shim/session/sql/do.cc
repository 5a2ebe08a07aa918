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
    bool starts = true;
    Act found = nothing;
    auto add = [&](Act act) { found = act > found ? act : found; };
    Token token = tokens.next();
    for (Token next{}; token.kind != Token::Kind::end; token = next) {
        Tokens behind = tokens;
        next = tokens.next();
        for (std::string_view word : {"temp", "temporary", "pg_temp", "listen", "unlisten", "pg_settings",
                                      "execute", "call", "prepare", "deallocate"})
            if (token.names(word))
                add(Act::hidden);
        bool is_local = next.is("local") && !Tokens(tokens).next().is('.');
        if (starts && (token.is("reset") || (token.is("set") && !is_local)))
            add(Act::hidden);
        if ((token.is("select") || token.is("perform")) && calls::begins_with_unknown(behind))
            add(Act::hidden);
        if (const Act* act = calls::act_of(token))
            add(*act == Act::unclear_at_once ? *act : Act::hidden);
        if (token.is("load"))
            add(Act::unclear_at_once);
        if (token.kind == Token::Kind::string) {
            size_t quote = token.text[0] == '$' ? token.text.find('$', 1) : token.text.find('\'');
            std::string_view inner(token.text.data() + quote + 1, token.text.size() - quote - 1);
            add(depth < most_depth ? hidden_in(inner, depth + 1) : Act::hidden);
        }
        starts = token.is(';') || token.is("begin") || token.is("then") || token.is("else") ||
                 token.is("loop") || token.text == "''";
    }
    return found;
}

// Returns whether the text between its quotes is the string's, but for doubled quotes.
bool shows_text(std::string_view string) {
    if (string[0] == '$')
        return true;
    if (string[0] != '\'' || string.size() < 2 || string.find('\\') != string.npos)
        return false;
    for (size_t i = 1; i + 1 < string.size(); i++)
        if (string[i] == '\'' && string[++i] != '\'') // it goes on in the next line
            return false;
    return true;
}

} // namespace

void do_block(Reader& reader) {
    const Token& now = reader.now();
    Act found = nothing;
    for (bool is_language = false, is_escaped = false; !reader.at_end(); reader.step()) {
        bool is_string = now.kind == Token::Kind::string;
        bool is_other =
            (is_language && !now.names("plpgsql")) || (is_string && (is_escaped || !shows_text(now.text)));
        Act act = is_other ? Act::hidden : is_string ? hidden_in(now.text, 0) : nothing;
        found = act > found ? act : found;
        is_language = now.is("language");
        is_escaped = now.is('&'); // U&'...'
    }
    if (found == Act::hidden)
        reader.report_hidden();
    else if (found != nothing)
        reader.report(found);
}

void call(Reader& reader) {
    reader.report_hidden();
}

} // namespace pqsweep::commands
