#include "shim/session/sql/statements.hh"

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

// SESSION CHARACTERISTICS AS TRANSACTION: the modes can be separated by commas or by nothing.
void modes(Reader& reader) {
    while (!reader.at_end()) {
        const char* start = reader.now().text.data();
        std::string_view key;
        if (reader.accept("isolation")) {
            reader.accept("level");
            if (!reader.accept("serializable")) {
                reader.step();
                reader.step();
            }
            key = "default_transaction_isolation";
        } else if (reader.accept("read")) {
            reader.step();
            key = "default_transaction_read_only";
        } else {
            reader.accept("not");
            reader.step();
            key = "default_transaction_deferrable";
        }
        reader.report(Act::set, key, reader.since(start), "SET SESSION CHARACTERISTICS AS TRANSACTION ");
        reader.accept(',');
    }
}

// Reads what is not a setting behind SESSION. Returns whether it was that.
bool of_session(Reader& reader) {
    if (reader.accept("characteristics")) {
        if (reader.accept("as") && reader.accept("transaction"))
            modes(reader);
        return true;
    }
    if (!reader.accept("authorization"))
        return false;
    report_value(reader, "session_authorization", reader.now().is("default"));
    return true;
}

bool is_any(const Token& token, std::initializer_list<std::string_view> words) {
    for (std::string_view word : words)
        if (token.is(word))
            return true;
    return false;
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
    if (reader.accept("local")) {
        std::string_view key = reader.name();
        reader.report_name(key);
        std::string_view text = reader.whole();
        reader.report_local(key, text);
        return reader.report_temporary(text);
    }
    if (now.is("constraints"))
        return;
    if (reader.accept("session") && (of_session(reader) || (reader.accept("session") && of_session(reader))))
        return;
    // They are the transaction's, also when they are written as settings.
    if (is_any(now,
               {"transaction", "transaction_isolation", "transaction_read_only", "transaction_deferrable"}))
        return;
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
