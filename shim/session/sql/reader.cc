#include "shim/session/sql/reader.hh"

#include "shim/session/sql/custom_names.hh"
#include "shim/session/sql/parsing.hh"
#include "shim/session/sql/time_outs.hh"

namespace pqsweep {

bool Reader::next_statement() {
    while (!at_end())
        step();
    depth_ = 0;
    do
        tokens_.next(now_);
    while (now_.is(';'));
    if (now_.kind == Token::Kind::end)
        return false;
    statements_++;
    start_ = behind_ = now_.text.data();
    return true;
}

bool Reader::accept(std::string_view word) {
    bool is_it = now_.is(word);
    if (is_it)
        step();
    return is_it;
}

bool Reader::accept(char symbol) {
    bool is_it = !at_end() && now_.is(symbol);
    if (is_it)
        step();
    return is_it;
}

std::string_view Reader::name() {
    const char* start = now_.text.data();
    if (!now_.is_name())
        return {};
    do
        step();
    while (accept('.') && now_.is_name());
    if (now_.is('&')) // U&"...", with escapes: it can be any name
        report(Act::unclear_at_once);
    return since(start);
}

void Reader::report_local(std::string_view key, std::string_view text, std::string_view before,
                          bool is_value) {
    if (time_outs::is_one(key) || parsing::is_one(key))
        report({Act::set_local, false, is_value, -1, statements_, key, before, text});
}

void Reader::report_temporary(std::string_view value) {
    if (names_pg_temp(value))
        report(Act::unclear);
}

void Reader::report_hidden() {
    report(Act::hidden);
    int left = 64; // of a text that is all names
    auto mention = [&](std::string_view text) {
        CustomNames names(text);
        for (std::string_view name = names.next(); !name.empty() && left > 0; name = names.next(), left--)
            report(Act::mention, name);
    };
    Tokens tokens = tokens_of(between(start_, end_));
    Token token = tokens.next();
    for (; token.kind != Token::Kind::end && !token.is(';'); token = tokens.next())
        if (token.kind == Token::Kind::string)
            mention(token.text);
    parameters_.each_text(mention);
}

std::string_view Reader::whole() {
    while (!at_end())
        step();
    return since(start_);
}

} // namespace pqsweep
