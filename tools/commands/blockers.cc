// pqsweep blockers: who waits for whom, now.
#include "tools/blockers/asker.hh"
#include "tools/blockers/notice.hh"
#include "tools/commands/command.hh"
#include "tools/commands/options.hh"

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <set>

namespace pqsweep::tools {

namespace {

using Json = nlohmann::json;

struct List {
    std::vector<pid_t> pids;
    bool as_json = false;
};

// A server, database and role that connections on the boards have in common. The rest (a password, say) comes from the
// environment of this command, as libpq has it.
using Target = std::tuple<std::string, int, std::string, std::string>;

std::set<Target> targets(const std::vector<Process>& processes) {
    std::set<Target> all;
    for (const Process& process : processes)
        for (const SeenConnection& c : process.board().connections)
            if (c.activity != Activity::connecting)
                all.emplace(c.host, c.port, c.database, c.user);
    return all;
}

Conninfo conninfo_of(const Target& target) {
    const auto& [host, port, database, user] = target;
    Conninfo conninfo{{"host", host}, {"dbname", database}, {"user", user}};
    if (port)
        conninfo.emplace_back("port", std::to_string(port));
    return conninfo;
}

bool concerns(const Tree& tree, const Waits& waits, const Parties& parties) {
    bool any = false;
    each_node(tree.roots, [&](const Node& node) { any = any || parties.of(waits, node.pid); });
    return any;
}

Json as_json(const Session& session, const Parties& parties) {
    Json one{{"backend", session.pid},
             {"database", session.database},
             {"user", session.user},
             {"state", session.state},
             {"in_state", session.in_state}};
    const std::pair<const char*, const std::string&> texts[] = {
        {"application", session.application}, {"address", session.address}, {"statement", session.statement}};
    for (const auto& [name, text] : texts)
        if (!text.empty())
            one[name] = text;
    if (const Party* party = parties.of(session)) {
        const SeenConnection& c = party->connection;
        one["pid"] = party->process;
        one["connection"] = c.number;
        const std::pair<const char*, const std::string&> ours[] = {
            {"tag", c.tag}, {"test", c.test}, {"line", c.line}, {"last_test", c.last_test}};
        for (const auto& [name, text] : ours)
            if (!text.empty())
                one[name] = text;
    }
    return one;
}

Json as_json(const Wait& wait) {
    Json one{{"backend", wait.waiter},
             {"waited", wait.waited},
             {"holders", wait.holders},
             {"type", wait.lock.type}};
    const std::pair<const char*, const std::string&> texts[] = {
        {"mode", wait.lock.mode}, {"relation", wait.lock.relation}, {"key", wait.lock.key}};
    for (const auto& [name, text] : texts)
        if (!text.empty())
            one[name] = text;
    return one;
}

std::string words_for(const Target& target) {
    const auto& [host, port, database, user] = target;
    return fmt::format("{}:{}, database {}, user {}", host, port, database, user);
}

// What one server says, in one of both forms. Returns whether it could be asked.
bool show(const Target& target, const Waits& waits, const Parties& parties, bool is_json, Json& all,
          std::string& text) {
    if (!waits.error.empty() || waits.is_pooled) {
        fmt::print(stderr, "pqsweep blockers: {}: {}\n", words_for(target),
                   waits.is_pooled ? "a pooler is in between, which hides who has which session"
                                   : waits.error);
        return false;
    }
    for (const Tree& tree : trees_of(waits)) {
        if (!concerns(tree, waits, parties))
            continue;
        text += notice(tree, waits, parties);
        if (!is_json)
            continue;
        Json one{{"sessions", Json::array()}, {"waits", Json::array()}};
        each_node(tree.roots, [&](const Node& node) {
            if (const Session* session = waits.session(node.pid))
                one["sessions"].push_back(as_json(*session, parties));
            else if (node.pid == 0)
                one["prepared"] = waits.prepared;
            if (node.wait)
                one["waits"].push_back(as_json(*node.wait));
        });
        all.push_back(one);
    }
    return true;
}

int act(const List& list) {
    constexpr auto patience = std::chrono::seconds(5);
    std::vector<Process> processes = find_processes(list.pids, "blockers");
    if (processes.empty()) {
        if (list.as_json)
            fmt::print("[]\n");
        return exit_nothing;
    }
    Parties parties(processes);
    Json all = Json::array();
    std::string text;
    bool is_complete = true;
    for (const Target& target : targets(processes)) {
        Waits waits = read_waits(asker::ask(
            conninfo_of(target), [&] { return loaded_libpq(processes); },
            std::chrono::steady_clock::now() + patience));
        fill_in_hidden_states(waits, parties, [](const Party&) { return 0.0; });
        is_complete &= show(target, waits, parties, list.as_json, all, text);
    }
    if (list.as_json)
        fmt::print("{}\n", all.dump(2));
    else if (text.empty() && is_complete)
        fmt::print("none of them waits for a lock, and nobody for theirs\n");
    else
        fmt::print("{}", text);
    return is_complete ? exit_done : exit_nothing;
}

} // namespace

std::function<int()> declare_blockers(CLI::App& app, const std::vector<std::string>&) {
    app.footer("Asks the servers of those processes, or of all of yours, which statements wait for a lock "
               "and who holds it. It connects as the processes do, with the password that libpq finds for it "
               "(PGPASSWORD, ~/.pgpass).\n"
               "Exit status: 0, or 1 if there is no such process, or a server could not be asked.");
    auto list = std::make_shared<List>();
    app.add_option("pid", list->pids, "processes; all of yours if none is given");
    add_json_option(app, list->as_json);
    return [list] { return act(*list); };
}

} // namespace pqsweep::tools
