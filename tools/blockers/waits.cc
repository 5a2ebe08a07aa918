#include "tools/blockers/waits.hh"

#include "tools/text/utf8.hh"

#include <algorithm>
#include <cctype>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace pqsweep::tools {

namespace {

using Json = nlohmann::json;

std::string text_in(const Json& object, const char* key) {
    auto value = object.find(key);
    return value != object.end() && value->is_string() ? printable(value->get<std::string>()) : "";
}

double number_in(const Json& object, const char* key) {
    auto value = object.find(key);
    return value != object.end() && value->is_number() ? value->get<double>() : 0;
}

const Json& list_in(const Json& object, const char* key) {
    static const Json none = Json::array();
    auto value = object.find(key);
    return value != object.end() && value->is_array() ? *value : none;
}

// The words before the first that is no keyword's: names and data stay with the server.
std::string keywords_of(const std::string& query) {
    constexpr size_t most = 3;
    constexpr std::string_view second_words[] = {
        "TABLE",     "INDEX",   "SCHEMA",   "DATABASE", "VIEW",         "MATERIALIZED", "SEQUENCE",
        "INTO",      "FROM",    "TYPE",     "FUNCTION", "CONCURRENTLY", "FULL",         "UNIQUE",
        "EXTENSION", "TRIGGER", "PREPARED", "ROLE",     "CONSTRAINT",   "TRANSACTION"};
    std::string words;
    size_t at = 0;
    for (size_t count = 0; count < most; count++) {
        while (at < query.size() && std::isspace(static_cast<unsigned char>(query[at])))
            at++;
        std::string written, word;
        for (; at < query.size() && std::isalpha(static_cast<unsigned char>(query[at])); at++) {
            written += query[at];
            word += static_cast<char>(std::toupper(static_cast<unsigned char>(query[at])));
        }
        bool is_whole = at == query.size() || std::isspace(static_cast<unsigned char>(query[at])) ||
                        query[at] == ';' || query[at] == '(';
        bool is_keyword = count == 0 || std::find(std::begin(second_words), std::end(second_words), word) !=
                                            std::end(second_words);
        if (word.empty() || !is_whole || !is_keyword)
            break;
        words += (words.empty() ? "" : " ") + written;
    }
    return words;
}

Session session_in(const Json& object) {
    return {.pid = static_cast<int>(number_in(object, "pid")),
            .database = text_in(object, "database"),
            .user = text_in(object, "user"),
            .application = text_in(object, "application"),
            .address = text_in(object, "address"),
            .state = text_in(object, "state"),
            .wait_type = text_in(object, "wait_type"),
            .wait_event = text_in(object, "wait_event"),
            .statement = keywords_of(object.value("query", Json()).is_string() ? object["query"] : Json("")),
            .in_state = number_in(object, "in_state"),
            .in_statement = number_in(object, "in_statement")};
}

Wait wait_in(const Json& object) {
    Wait wait{.waiter = static_cast<int>(number_in(object, "pid")),
              .lock = {.type = text_in(object, "type"),
                       .mode = text_in(object, "mode"),
                       .relation = text_in(object, "relation"),
                       .key = text_in(object, "key"),
                       .database = text_in(object, "on_database")},
              .waited = number_in(object, "waited")};
    for (const Json& holder : list_in(object, "holders"))
        if (holder.is_number_integer())
            wait.holders.push_back(holder.get<int>());
    std::sort(wait.holders.begin(), wait.holders.end());
    wait.holders.erase(std::unique(wait.holders.begin(), wait.holders.end()), wait.holders.end());
    return wait;
}

} // namespace

std::string Lock::words() const {
    std::string on = relation.empty() ? "" : " on " + relation;
    if (mode.empty()) {
        if (type == "SyncRep")
            return "a synchronous standby to confirm its commit";
        if (type == "BufferPin")
            return "a page that another session has pinned";
        return type;
    }
    if (type == "relation" || type == "extend" || type == "page")
        return fmt::format("{}{}{}", mode, on.empty() ? "" : " on table", on.empty() ? "" : on.substr(3));
    if (type == "tuple")
        return fmt::format("{} on a row{}", mode, relation.empty() ? "" : " of " + relation);
    if (type == "transactionid")
        return relation.empty() ? "the end of another transaction"
                                : fmt::format("a row of {}, until another transaction ends", relation);
    if (type == "virtualxid")
        return fmt::format("the end of earlier transactions{}",
                           relation.empty() ? "" : ", to build an index of " + relation);
    if (type == "advisory")
        return fmt::format("{} on advisory lock {}", mode, key);
    if (type == "object" && !database.empty())
        return fmt::format("{} on database {}", mode, database);
    if (type == "object" && key == "notify")
        return "the queue of NOTIFY: commits that notify go one after the other";
    return fmt::format("{} on {} {}", mode, type, key);
}

const Session* Waits::session(int pid) const {
    auto place = std::find_if(sessions.begin(), sessions.end(), [&](auto& s) { return s.pid == pid; });
    return place == sessions.end() ? nullptr : &*place;
}

Waits read_waits(std::string_view json) {
    Waits all;
    Json reply = Json::parse(json, nullptr, false);
    if (!reply.is_object()) {
        all.error = "its reply can't be read";
        return all;
    }
    all.error = text_in(reply, "error");
    all.is_pooled = number_in(reply, "pooled") != 0;
    all.has_timeout = number_in(reply, "timeouts") != 0;
    for (const Json& one : list_in(reply, "sessions"))
        all.sessions.push_back(session_in(one));
    for (const Json& one : list_in(reply, "waits"))
        all.waits.push_back(wait_in(one));
    for (const Json& gid : list_in(reply, "prepared"))
        if (gid.is_string())
            all.prepared.push_back(printable(gid.get<std::string>()));
    return all;
}

} // namespace pqsweep::tools
