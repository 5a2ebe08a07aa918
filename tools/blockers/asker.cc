#include "tools/blockers/asker.hh"

#include "tools/blockers/question.hh"
#include "tools/launch/asker_process.hh"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace pqsweep::tools::asker {

namespace {

// What the server replied, or why it did not.
struct Reply {
    std::string value{}, error{};
    int backend = 0; // of the connection that asked
};

// A request is words that end with a NUL byte.
void add(std::string& request, std::string_view word) {
    request += word;
    request += '\0';
}

std::string request_for(const Conninfo& conninfo, Deadline deadline) {
    std::string request;
    add(request,
        std::to_string(
            std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.time_since_epoch()).count()));
    for (const auto& [keyword, value] : conninfo) {
        add(request, keyword);
        add(request, value);
    }
    add(request, "application_name");
    add(request, "pqsweep");
    add(request, "");
    return request;
}

Reply converse(const std::string& request, const OtherLibpq& other, Deadline deadline) {
    AskerOutcome outcome = run_asker("libpq.so.5", request, deadline);
    if (std::string file = outcome.has_library || !outcome.reply.empty() ? "" : other(); !file.empty())
        outcome = run_asker(file, request, deadline);
    std::string_view text = outcome.reply;
    if (text.empty())
        return {.error =
                    outcome.has_library ? "it did not reply in time" : "no libpq can be loaded to ask with"};
    if (text[0] != '+')
        return {.error = std::string(text.substr(1))};
    size_t end = text.find('\n');
    return {.value = std::string(text.substr(end + 1)), .backend = atoi(text.data() + 1)};
}

std::string failed(std::string why) {
    while (!why.empty() && why.back() == '\n')
        why.pop_back();
    return nlohmann::json{{"error", why}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

std::string ask(const Conninfo& conninfo, const OtherLibpq& other, Deadline deadline) {
    std::string request = request_for(conninfo, deadline);
    for (int least_version : {120000, 0}) {
        add(request, std::to_string(least_version));
        add(request, question(least_version));
    }
    Reply reply = converse(request, other, deadline);
    if (!reply.error.empty())
        return failed(reply.error);
    auto json = nlohmann::json::parse(reply.value, nullptr, false);
    if (json.is_object())
        json["pooled"] = json.value("backend", 0) == reply.backend ? 0 : 1;
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool terminate(const Conninfo& conninfo, int backend, const OtherLibpq& other, Deadline deadline) {
    std::string request = request_for(conninfo, deadline);
    add(request, "0");
    add(request,
        fmt::format("select pg_terminate_backend(pid) from pg_stat_activity where pid = {} and datname = "
                    "current_database() and usename = session_user and (state <> 'active' or "
                    "wait_event_type = 'Client')",
                    backend));
    return converse(request, other, deadline).value == "t";
}

} // namespace pqsweep::tools::asker
