#include "shim/session/sql/statements.hh"

#include "shim/base/fixed_text.hh"

namespace pqsweep::commands {

namespace {

void report_value(Reader& reader, std::string_view key, bool is_default) {
    if (key.empty())
        return reader.report(Act::set_unknown);
    reader.report_name(key);
    if (is_default)
        return reader.report(Act::unset, key);
    std::string_view text = reader.whole();
    reader.report_temporary(text);
    reader.report(Act::set, key, text);
}

// The settings that a list of transaction modes sets, and the command in front of the list.
struct Modes {
    FixedText<43> command, isolation, read_only, deferrable;
};
constexpr Modes of_all_transactions{"SET SESSION CHARACTERISTICS AS TRANSACTION ",
                                    "default_transaction_isolation", "default_transaction_read_only",
                                    "default_transaction_deferrable"};
constexpr Modes of_this_transaction{"SET TRANSACTION ", "transaction_isolation", "transaction_read_only",
                                    "transaction_deferrable"};

// The modes can be separated by commas or by nothing.
void modes(Reader& reader, const Modes& modes) {
    while (!reader.at_end()) {
        const char* start = reader.now().text.data();
        std::string_view key;
        if (reader.accept("isolation")) {
            reader.accept("level");
            if (!reader.accept("serializable")) {
                reader.step();
                reader.step();
            }
            key = modes.isolation;
        } else if (reader.accept("read")) {
            reader.step();
            key = modes.read_only;
        } else {
            reader.accept("not");
            reader.step();
            key = modes.deferrable;
        }
        reader.report(Act::set, key, reader.since(start), modes.command);
        reader.accept(',');
    }
}

// The word can be the class of a custom setting, too.
bool accept_keyword(Reader& reader, std::string_view word) {
    return !reader.ahead().next().is('.') && reader.accept(word);
}

// Reads what is not a setting behind SESSION. Returns whether it was that.
bool of_session(Reader& reader) {
    if (accept_keyword(reader, "characteristics")) {
        if (reader.accept("as") && reader.accept("transaction"))
            modes(reader, of_all_transactions);
        return true;
    }
    if (!reader.accept("authorization"))
        return false;
    report_value(reader, "session_authorization", reader.now().is("default"));
    return true;
}

// The setting that has a form without `=`; empty for none.
std::string_view special(const Token& word) {
    constexpr struct {
        std::string_view word, key;
    } specials[] = {{"time", "timezone"},
                    {"names", "client_encoding"},
                    {"schema", "search_path"},
                    {"role", "role"},
                    {"xml", "xmloption"}};
    for (const auto& each : specials)
        if (word.is(each.word))
            return each.key;
    return {};
}

} // namespace

void set(Reader& reader) {
    const Token& now = reader.now();
    reader.step();
    if (accept_keyword(reader, "local")) {
        const char* start = reader.now().text.data();
        std::string_view key = special(reader.now()), written = reader.name();
        if (key.empty() || reader.now().is('=') || reader.now().is("to"))
            key = written;
        reader.report_name(written);
        reader.whole();
        std::string_view text = reader.since(start);
        reader.report_local(key, text, "SET ");
        return reader.report_temporary(text);
    }
    if (accept_keyword(reader, "constraints"))
        return;
    if (accept_keyword(reader, "session") &&
        (of_session(reader) || (accept_keyword(reader, "session") && of_session(reader))))
        return;
    // Each transaction begins with the defaults, but pg_settings shows from then on that the session has set them.
    if (accept_keyword(reader, "transaction")) {
        if (!now.is("snapshot"))
            modes(reader, of_this_transaction);
        return;
    }
    std::string_view key = special(now);
    std::string_view written = reader.name();
    if (reader.accept('=') || reader.accept("to"))
        return report_value(reader, written, now.is("default"));
    if (key.empty() || (key == "timezone" && !reader.accept("zone")))
        return reader.report(Act::set_unknown);
    bool is_default = now.is("default") || (key == "timezone" && now.is("local")) ||
                      (key == "client_encoding" && reader.at_end());
    report_value(reader, key, is_default);
}

void reset(Reader& reader) {
    reader.step();
    Token first = reader.now();
    std::string_view key = reader.name();
    if (first.is("all"))
        reader.report(Act::unset_all);
    else if (first.is("session") && reader.accept("authorization"))
        reader.report(Act::unset, "session_authorization");
    else if (first.is("time") && reader.accept("zone"))
        reader.report(Act::unset, "timezone");
    else if (!key.empty())
        reader.report(Act::unset, key);
}

} // namespace pqsweep::commands
