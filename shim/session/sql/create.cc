#include "shim/session/sql/statements.hh"

namespace pqsweep::commands {

namespace {

bool accept_temporary(Reader& reader) {
    if (!reader.accept("local"))
        reader.accept("global");
    return reader.accept("temp") || reader.accept("temporary");
}

// The schema is left out: temporary things have only one.
std::string_view temporary_name(Reader& reader) {
    if (reader.now().names("pg_temp")) {
        reader.step();
        reader.accept('.');
    }
    return reader.name();
}

bool is_dropped_on_commit(Reader& reader) {
    Tokens ahead = reader.ahead();
    Token third = reader.now(), second{}, first{};
    for (; third.kind != Token::Kind::end && !third.is(';'); third = ahead.next()) {
        if (first.is("on") && second.is("commit") && third.is("drop"))
            return true;
        first = second;
        second = third;
    }
    return false;
}

void create_temporary(Reader& reader) {
    reader.accept("recursive");
    reader.step();
    if (reader.accept("if") && reader.accept("not"))
        reader.accept("exists");
    std::string_view key = temporary_name(reader);
    if (!is_dropped_on_commit(reader))
        reader.report(Act::create_temporary, key);
    query(reader);
}

// BEGIN ATOMIC ... END: its statements end in semicolons, and so does nothing else than CASE in END.
void skip_body(Reader& reader) {
    reader.nest(1);
    int open = 1;
    for (bool is_label = false; open > 0 && reader.now().kind != Token::Kind::end; reader.step()) {
        const Token& now = reader.now();
        if (!is_label)
            open += now.is("case") ? 1 : now.is("end") ? -1 : 0;
        is_label = now.is("as") || now.is('.');
    }
    reader.nest(-1);
}

} // namespace

void create(Reader& reader) {
    const Token& now = reader.now();
    reader.step();
    if (reader.accept("or"))
        reader.accept("replace");
    if (accept_temporary(reader))
        return create_temporary(reader);
    reader.accept("unlogged");
    bool runs = now.is("table") || now.is("materialized");
    bool is_routine = now.is("function") || now.is("procedure");
    bool can_be_temporary =
        now.is("table") || now.is("view") || now.is("sequence") || now.is("type") || now.is("domain");
    for (Token last{}; !reader.at_end() && !now.is('(') && !now.is("as") && !now.is("on");
         last = now, reader.step()) {
        if (last.names("pg_temp") && reader.accept('.')) {
            reader.report(Act::create_temporary, reader.name());
            can_be_temporary = false;
            break;
        }
    }
    if (can_be_temporary)
        reader.report(Act::create);
    if (runs)
        return query(reader);
    bool begins = false;
    while (is_routine && !reader.at_end()) {
        if (begins && now.is("atomic"))
            return skip_body(reader);
        begins = now.is("begin");
        reader.step();
    }
}

// The walsender's command.
void create_replication_slot(Reader& reader) {
    reader.step();
    reader.name();
    if (reader.now().is("temporary"))
        reader.report(Act::unclear_at_once);
}

void drop(Reader& reader) {
    reader.step();
    if (!reader.accept("table") && !reader.accept("view") && !reader.accept("sequence"))
        return;
    if (reader.accept("if"))
        reader.accept("exists");
    do {
        std::string_view key = temporary_name(reader);
        if (key.find('.') == key.npos)
            reader.report(Act::drop_temporary, key);
    } while (reader.accept(','));
}

void alter(Reader& reader) {
    reader.step();
    if (!reader.accept("table") && !reader.accept("view") && !reader.accept("sequence"))
        return;
    if (reader.accept("if"))
        reader.accept("exists");
    reader.accept("only");
    std::string_view key = temporary_name(reader);
    reader.accept('*');
    if (reader.accept("rename") && reader.accept("to"))
        reader.report(Act::rename_temporary, key);
    other(reader); // a new column's default runs for each row
}

void into(Reader& reader) {
    reader.step();
    bool is_temporary = accept_temporary(reader);
    reader.accept("table");
    if (is_temporary || reader.now().names("pg_temp"))
        reader.report(Act::create_temporary, temporary_name(reader));
    else
        reader.report(Act::create);
}

} // namespace pqsweep::commands
