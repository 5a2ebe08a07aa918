#include "sql.hh"

#include "commands.hh"

namespace pqsweep {

namespace {

using namespace commands;

// Those that a program sends most come first.
constexpr struct {
    std::string_view word;
    void (*read)(Reader&);
} all_commands[] = {
    {"select", other},      {"insert", other},    {"update", other},        {"delete", other},
    {"begin", begin},       {"commit", commit},   {"rollback", rollback},   {"set", set},
    {"abort", rollback},    {"close", close},     {"create", create},       {"deallocate", deallocate},
    {"declare", declare},   {"discard", discard}, {"do", do_block},         {"drop", drop},
    {"end", commit},        {"listen", listen},   {"load", load},           {"prepare", prepare},
    {"release", release},   {"reset", reset},     {"savepoint", savepoint}, {"start", start},
    {"unlisten", unlisten},
};

auto reader_of(const Token& first) {
    for (const auto& command : all_commands)
        if (command.word[0] == lower(first.text[0]) && first.is(command.word))
            return command.read;
    return &other;
}

} // namespace

uint32_t read_sql_into(std::string_view sql, void (*visit)(void*, const Effect&), void* visitor) {
    Reader reader(sql, visit, visitor);
    while (reader.next_statement())
        reader_of(reader.now())(reader);
    return reader.statements();
}

} // namespace pqsweep
