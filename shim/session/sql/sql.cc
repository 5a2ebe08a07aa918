#include "shim/session/sql/sql.hh"

#include "shim/session/sql/prefilter.hh"
#include "shim/session/sql/statements.hh"

namespace pqsweep {

namespace {

using namespace commands;

// Those that a program sends most come first.
constexpr struct {
    std::string_view word;
    void (*read)(Reader&);
} all_commands[] = {
    {"select", other},      {"insert", other},
    {"update", other},      {"delete", other},
    {"begin", begin},       {"commit", commit},
    {"rollback", rollback}, {"set", set},
    {"abort", rollback},    {"alter", alter},
    {"call", call},         {"close", close},
    {"create", create},     {"deallocate", deallocate},
    {"declare", declare},   {"discard", discard},
    {"do", do_block},       {"drop", drop},
    {"end", commit},        {"explain", explain},
    {"listen", listen},     {"load", load},
    {"prepare", prepare},   {"release", release},
    {"reset", reset},       {"savepoint", savepoint},
    {"start", start},       {"unlisten", unlisten},
};

auto reader_of(const Token& first) {
    for (const auto& command : all_commands)
        if (command.word[0] == lower(first.text[0]) && first.is(command.word))
            return command.read;
    return &other;
}

// Or what looks like one: the semicolon can be part of a string.
bool has_second_statement(std::string_view sql) {
    size_t semicolon = sql.find(';');
    return semicolon != sql.npos && sql.find_first_not_of(" \t\n\r\f\v", semicolon + 1) != sql.npos;
}

bool updates_settings(Tokens& tokens) {
    Token token = tokens.next();
    if (token.is("only"))
        token = tokens.next();
    return token.names("pg_settings") || token.names("pg_catalog");
}

bool has_wide_characters(std::string_view sql) {
    for (char c : sql)
        if (static_cast<unsigned char>(c) >= 0x80)
            return true;
    return false;
}

bool is_readable(std::string_view sql, const Dialect& dialect) {
    bool has_wide = (dialect.is_wide || dialect.is_doubtful) && has_wide_characters(sql);
    return !has_wide && !(dialect.is_doubtful && sql.find('\\') != sql.npos);
}

} // namespace

bool is_plain(std::string_view sql) {
    Tokens tokens(sql);
    Token first = tokens.next();
    if (first.kind != Token::Kind::word || reader_of(first) != &other)
        return first.kind == Token::Kind::end;
    const char* start = first.text.data();
    if (first.is("insert")) {
        if (Token second = tokens.next(); second.is("into"))
            start = second.text.data() + second.text.size();
    } else if (first.is("with") || (first.is("update") && updates_settings(tokens))) {
        return false;
    }
    return !has_second_statement(sql) && !has_telling_word(between(start, sql.data() + sql.size()));
}

bool is_rollback(std::string_view sql) {
    Tokens tokens(sql);
    Token token = tokens.next();
    if (!token.is("rollback") && !token.is("abort"))
        return false;
    token = tokens.next();
    if (token.is("work") || token.is("transaction"))
        token = tokens.next();
    while (token.is(';'))
        token = tokens.next();
    return token.kind == Token::Kind::end;
}

namespace commands {

void any(Reader& reader) {
    reader_of(reader.now())(reader);
}

} // namespace commands

uint32_t read_sql_into(std::string_view sql, const Dialect& dialect, const Parameters& parameters,
                       VisitEffect visit, void* visitor) {
    if (is_plain(sql))
        return 0;
    Reader reader(sql, dialect, parameters, visit, visitor);
    if (!is_readable(sql, dialect)) {
        reader.next_statement();
        reader.report(Act::unclear_at_once);
    } else {
        while (reader.next_statement())
            any(reader);
    }
    return reader.statements();
}

uint32_t read_prepared_into(std::string_view sql, const Dialect& dialect, const Parameters& parameters,
                            VisitEffect visit, void* visitor) {
    Reader reader(sql, dialect, parameters, visit, visitor);
    if (reader.next_statement())
        prepared(reader);
    return reader.statements();
}

} // namespace pqsweep
