#include "shim/session/sql/statements.hh"

#include "shim/session/sql/functions.hh"

namespace pqsweep::commands {

namespace {

// A view with a rule that sets what is updated.
void update(Reader& reader) {
    Tokens ahead = reader.ahead();
    Token name = ahead.next();
    if (name.is("only"))
        name = ahead.next();
    if (name.names("pg_catalog") && ahead.next().is('.'))
        name = ahead.next();
    if (name.names("pg_settings"))
        reader.report(Act::unclear);
}

// Leaves the arguments to the caller, which looks for calls in them.
void execute(Reader& reader) {
    Tokens tokens = reader.ahead();
    Token name = tokens.next();
    if (calls::begins_with_unknown(tokens))
        reader.report_hidden();
    reader.report_execution(name.is_name() ? name.text : std::string_view(), list_at(tokens));
}

void rest(Reader& reader, bool has_query) {
    const Token& now = reader.now();
    const char* start = now.text.data();
    bool has_calls = false, has_unknown = false;
    for (; !reader.at_end(); reader.step()) {
        if (now.is('&') && reader.ahead().next().kind == Token::Kind::quoted)
            reader.report(Act::unclear_at_once); // U&"...", with escapes: any name
        if (!now.is_name() || now.text.size() < 4)
            continue;
        switch (lower(now.text[0])) {
        case 's':
            has_unknown |= has_query && now.is("select") && calls::begins_with_unknown(reader.ahead());
            [[fallthrough]];
        case 'p':
        case '"':
        case 'd':
            has_calls |= calls::act_of(now) != nullptr;
            break;
        case 'u':
            if (now.is("update"))
                update(reader);
            break;
        case 'e':
            if (now.is("execute"))
                execute(reader);
            break;
        case 'i':
        case 'm':
            if (now.is("insert") || now.is("merge")) {
                reader.step();
                reader.accept("into");
            } else if (now.is("into")) {
                into(reader);
            }
            break;
        default:;
        }
    }
    if (has_unknown)
        reader.report_hidden();
    if (has_calls)
        calls::read(reader, reader.since(start));
}

} // namespace

void other(Reader& reader) {
    rest(reader, false);
}

void query(Reader& reader) {
    rest(reader, true);
}

void select(Reader& reader) {
    if (calls::begins_with_unknown(reader.ahead()))
        reader.report_hidden();
    other(reader);
}

void begin(Reader& reader) {
    reader.report(Act::begin);
}

void start(Reader& reader) {
    reader.step();
    if (reader.now().is("transaction"))
        reader.report(Act::begin);
}

namespace {

bool chains(Reader& reader) {
    if (!reader.accept("work"))
        reader.accept("transaction");
    return reader.accept("and") && reader.accept("chain");
}

// The word can be left out, and can be the name.
std::string_view name_behind(Reader& reader, std::string_view word) {
    bool is_word = reader.now().is(word);
    std::string_view name = reader.name();
    return is_word && reader.now().is_name() ? reader.name() : name;
}

} // namespace

void commit(Reader& reader) {
    reader.step();
    if (!reader.now().is("prepared"))
        reader.report(chains(reader) ? Act::commit_chain : Act::commit);
}

void rollback(Reader& reader) {
    reader.step();
    if (reader.now().is("prepared"))
        return;
    bool chain = chains(reader);
    if (reader.accept("to"))
        reader.report(Act::rollback_to, name_behind(reader, "savepoint"));
    else
        reader.report(chain ? Act::rollback_chain : Act::rollback);
}

void savepoint(Reader& reader) {
    reader.step();
    reader.report(Act::savepoint, reader.name());
}

void release(Reader& reader) {
    reader.step();
    reader.report(Act::release, name_behind(reader, "savepoint"));
}

void listen(Reader& reader) {
    reader.step();
    reader.report(Act::listen, reader.name());
}

void unlisten(Reader& reader) {
    reader.step();
    if (reader.now().is('*'))
        reader.report(Act::unlisten_all);
    else
        reader.report(Act::unlisten, reader.name());
}

namespace {

void body(Reader& reader) {
    while (!reader.at_end() && !(reader.at_top() && reader.now().is("as")))
        reader.step();
    reader.step();
    any(reader);
}

// With quotes or without.
bool is_off(const Token& option) {
    Token word = option;
    if (word.kind == Token::Kind::quoted || word.kind == Token::Kind::string) {
        word.kind = Token::Kind::word;
        word.text.remove_prefix(1);
        word.text.remove_suffix(word.text.empty() ? 0 : 1);
    }
    return word.is("off") || word.is("false") || word.text == "0";
}

bool is_option(const Token& token) {
    return token.is("analyze") || token.is("analyse") || token.is("verbose");
}

} // namespace

void prepare(Reader& reader) {
    reader.step();
    bool is_transaction = reader.now().is("transaction");
    std::string_view key = reader.name();
    if (is_transaction && reader.now().kind == Token::Kind::string)
        return reader.report(Act::prepare_transaction);
    reader.begin_prepared();
    body(reader);
    reader.end_prepared();
    reader.report_prepared(key, reader.whole());
}

void prepared(Reader& reader) {
    reader.step();
    body(reader);
}

// The options come in parentheses or as words. Only with ANALYZE the statement runs.
void explain(Reader& reader) {
    reader.step();
    bool analyzes = false, in_list = reader.now().is('(');
    for (Token last{}; !reader.at_end() && (!reader.at_top() || in_list || is_option(reader.now()));
         reader.step()) {
        const Token& now = reader.now();
        bool is_word = now.is("analyze") || now.is("analyse");
        analyzes |= is_word;
        if (last.is("analyze") || last.is("analyse"))
            analyzes &= !is_off(now);
        last = now;
        in_list &= !now.is(')');
    }
    if (!analyzes)
        return;
    reader.is_explained = true;
    any(reader);
    reader.is_explained = false;
}

void deallocate(Reader& reader) {
    reader.step();
    bool is_word = reader.now().is("prepare");
    bool is_all = reader.now().is("all");
    std::string_view key = reader.name();
    if (is_word && reader.now().is_name()) {
        is_all = reader.now().is("all");
        key = reader.name();
    }
    if (is_all)
        reader.report(Act::deallocate_all);
    else
        reader.report(Act::deallocate, key);
}

void declare(Reader& reader) {
    reader.step();
    std::string_view key = reader.name();
    for (bool with = false; !reader.at_end() && !reader.now().is("for"); reader.step()) {
        if (with && reader.now().is("hold"))
            reader.report(Act::hold, key);
        with = reader.now().is("with");
    }
    query(reader);
}

void close(Reader& reader) {
    reader.step();
    if (reader.now().is("all"))
        reader.report(Act::close_all);
    else
        reader.report(Act::close, reader.name());
}

void load(Reader& reader) {
    reader.step();
    std::string_view key = reader.now().text;
    if (reader.now().kind == Token::Kind::string)
        reader.report(Act::load, key, reader.whole());
}

void discard(Reader& reader) {
    reader.step();
    if (reader.now().is("all"))
        reader.report(Act::discard_all);
    else if (reader.now().is("temp") || reader.now().is("temporary"))
        reader.report(Act::drop_all_temporary);
}

} // namespace pqsweep::commands
