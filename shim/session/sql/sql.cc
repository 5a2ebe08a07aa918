#include "shim/session/sql/sql.hh"

#include "shim/base/fixed_text.hh"
#include "shim/session/sql/functions.hh"
#include "shim/session/sql/prefilter.hh"
#include "shim/session/sql/statements.hh"

#include <cstring>

namespace pqsweep {

namespace {

using namespace commands;

// Each returns from where on the prefilter has to look at a statement; null if the statement must be read.

const char* from_here(const Token& first, Tokens&) {
    return first.text.data();
}

const char* behind_into(const Token& first, Tokens& behind) {
    Token second = behind.next();
    return second.is("into") ? second.text.data() + second.text.size() : first.text.data();
}

const char* unless_of_settings(const Token& first, Tokens& behind) {
    Token name = behind.next();
    if (name.is("only"))
        name = behind.next();
    return name.names("pg_settings") || name.names("pg_catalog") ? nullptr : first.text.data();
}

const char* unless_of_query(const Token& first, Tokens& behind) {
    return behind.next().is('(') ? nullptr : first.text.data();
}

struct Command {
    FixedText<23> word;
    void (*read)(Reader&);
    const char* (*rest)(const Token& first, Tokens& behind) = nullptr; // nowhere: the statement must be read
};

// Those that a program sends most come first.
constexpr Command all_commands[] = {
    {"select", select, from_here},
    {"insert", other, behind_into},
    {"update", other, unless_of_settings},
    {"delete", other, from_here},
    {"begin", begin},
    {"commit", commit},
    {"rollback", rollback},
    {"set", set},
    {"abort", rollback},
    {"alter", alter},
    {"call", call},
    {"close", close},
    {"copy", query, unless_of_query},
    {"create", create},
    {"create_replication_slot", create_replication_slot},
    {"deallocate", deallocate},
    {"declare", declare},
    {"discard", discard},
    {"do", do_block},
    {"drop", drop},
    {"end", commit},
    {"explain", explain},
    {"listen", listen},
    {"load", load},
    {"prepare", prepare},
    {"release", release},
    {"reset", reset},
    {"savepoint", savepoint},
    {"start", start},
    {"unlisten", unlisten},
    {"values", select, from_here},
    {"with", query},
};
constexpr Command any_other{"", other, from_here};

const Command& command_of(const Token& first) {
    for (const Command& command : all_commands)
        if (first.is(command.word))
            return command;
    return any_other;
}

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// The first commands, which are nearly all that programs send, have six letters.
constexpr size_t usual_size = 6;
constexpr size_t usual_commands = 4;

constexpr uint64_t letters_of(std::string_view word) {
    uint64_t letters = 0;
    for (size_t i = usual_size; i-- > 0;)
        letters = letters << 8 | static_cast<unsigned char>(word[i]);
    return letters;
}

// The letters of the usual commands, in their order.
struct UsualLetters {
    uint64_t of[usual_commands];
    constexpr UsualLetters() : of{} {
        for (size_t i = 0; i < usual_commands; i++)
            of[i] = letters_of(all_commands[i].word);
    }
};
constexpr UsualLetters usual_letters;

static_assert([] {
    bool have_that_size = true;
    for (size_t i = 0; i < usual_commands; i++)
        have_that_size &= all_commands[i].word.view().size() == usual_size;
    return have_that_size;
}());

// Two loads that overlap: a copy of six bytes is two stores, which a processor reads as one word only when they are done.
uint64_t first_letters(const char* text) {
    constexpr size_t behind = usual_size - sizeof(uint32_t);
    uint32_t first = 0, last = 0;
    memcpy(&first, text, sizeof first);
    memcpy(&last, text + behind, sizeof last);
    return uint64_t{last} << 8 * behind | first;
}

// Returns the command if the text begins with a usual one; null if that takes a closer look.
const Command* usual_command_of(std::string_view sql) {
    constexpr uint64_t lower_case = 0x202020202020;
    if (sql.size() <= usual_size || !is_blank(sql[usual_size]))
        return nullptr;
    uint64_t letters = first_letters(sql.data()) | lower_case;
    for (size_t i = 0; i < usual_commands; i++)
        if (letters == usual_letters.of[i])
            return &all_commands[i];
    return nullptr;
}

std::string_view without_blanks_behind(std::string_view sql) {
    size_t size = sql.size();
    while (size > 0 && is_blank(sql[size - 1]))
        size--;
    return {sql.data(), size};
}

// A semicolon at the end begins no other statement.
std::string_view without_end(std::string_view sql) {
    sql = without_blanks_behind(sql);
    return sql.ends_with(';') ? without_blanks_behind({sql.data(), sql.size() - 1}) : sql;
}

bool is_plain_behind(const Token& first, const Command& command, std::string_view sql) {
    const char* end = sql.data() + sql.size();
    Tokens behind(between(first.text.data() + first.text.size(), end));
    const char* rest = command.rest ? command.rest(first, behind) : nullptr;
    if (!rest)
        return false;
    Glance shows = glance(without_end(between(rest, end)));
    bool has_call = shows.has_parenthesis && command.read == select && calls::begins_with_unknown(behind);
    return !shows.can_have_effect && !has_call;
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
    if (const Command* usual = usual_command_of(sql))
        return is_plain_behind({Token::Kind::word, {sql.data(), usual_size}}, *usual, sql);
    Tokens tokens(sql);
    Token first = tokens.next();
    if (first.kind != Token::Kind::word)
        return first.kind == Token::Kind::end;
    return is_plain_behind(first, command_of(first), sql);
}

bool names_pg_temp(std::string_view value) {
    constexpr std::string_view name = "pg_temp";
    for (size_t at = 0; at + name.size() <= value.size(); at++) {
        size_t same = 0;
        while (same < name.size() && lower(value[at + same]) == name[same])
            same++;
        if (same == name.size())
            return true;
    }
    return false;
}

namespace {

// Returns whether nothing but semicolons comes.
bool ends(Token token, Tokens& tokens) {
    while (token.is(';'))
        token = tokens.next();
    return token.kind == Token::Kind::end;
}

} // namespace

bool is_rollback(std::string_view sql) {
    Tokens tokens(sql);
    Token token = tokens.next();
    if (!token.is("rollback") && !token.is("abort"))
        return false;
    token = tokens.next();
    if (token.is("work") || token.is("transaction"))
        token = tokens.next();
    if (token.is("and")) {
        if (!tokens.next().is("no") || !tokens.next().is("chain"))
            return false;
        token = tokens.next();
    }
    return ends(token, tokens);
}

bool leaves_transaction(std::string_view sql) {
    Tokens tokens(sql);
    Token token = tokens.next();
    if (token.is("deallocate")) {
        token = tokens.next();
        if (token.is("prepare"))
            token = tokens.next();
        if (token.kind == Token::Kind::end || token.is(';'))
            return false;
        token = tokens.next();
    }
    return ends(token, tokens);
}

namespace commands {

void any(Reader& reader) {
    reader.now().is('(') ? query(reader) : command_of(reader.now()).read(reader);
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
    Tokens tokens(sql, dialect.escapes);
    tokens.next(); // PREPARE
    tokens.next(); // its name
    Parameters typed = parameters.with_types(list_at(tokens));
    Reader reader(sql, dialect, typed, visit, visitor);
    if (reader.next_statement())
        prepared(reader);
    return reader.statements();
}

} // namespace pqsweep
