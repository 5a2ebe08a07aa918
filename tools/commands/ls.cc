// pqsweep ls: the connections of processes under the shim.
#include "tools/commands/command.hh"
#include "tools/commands/options.hh"
#include "tools/live/processes.hh"
#include "tools/text/columns.hh"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace pqsweep::tools {

namespace {

struct List {
    std::vector<pid_t> pids;
    bool as_json = false;
};

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : text;
}

void print(const std::vector<Process>& processes) {
    std::vector<Row> rows;
    for (const Process& process : processes)
        for (const SeenConnection& c : process.board().connections)
            rows.push_back({std::to_string(process.pid()), or_dash(c.tag), or_dash(c.test),
                            std::string(c.state()), age_text(c.age), or_dash(c.line),
                            c.backend ? std::to_string(c.backend) : "-", or_dash(c.database),
                            or_dash(c.user)});
    print_table({{"pid", Cells::numbers},
                 {"tag", Cells::shortened},
                 {"test", Cells::shortened},
                 {"state"},
                 {"age", Cells::numbers},
                 {"opened at", Cells::ends},
                 {"backend", Cells::numbers, true},
                 {"database", Cells::texts, true},
                 {"user", Cells::texts, true}},
                rows);
}

void print_json(const std::vector<Process>& processes) {
    auto all = nlohmann::json::array();
    for (const Process& process : processes) {
        for (const SeenConnection& c : process.board().connections) {
            nlohmann::json one{
                {"pid", process.pid()}, {"connection", c.number}, {"state", c.state()}, {"age", c.age}};
            const std::pair<const char*, const std::string&> texts[] = {{"tag", c.tag},
                                                                        {"test", c.test},
                                                                        {"line", c.line},
                                                                        {"database", c.database},
                                                                        {"user", c.user},
                                                                        {"host", c.host},
                                                                        {"application", c.application}};
            for (const auto& [name, text] : texts)
                if (!text.empty())
                    one[name] = text;
            if (c.backend)
                one["backend"] = c.backend;
            all.push_back(one);
        }
    }
    fmt::print("{}\n", all.dump(2));
}

int act(const List& list) {
    std::vector<Process> processes = find_processes(list.pids, "ls");
    if (list.as_json)
        print_json(processes);
    else if (!processes.empty())
        print(processes);
    return processes.empty() ? exit_nothing : exit_done;
}

} // namespace

std::function<int()> declare_ls(CLI::App& app, const std::vector<std::string>&) {
    app.footer("Lists the connections that are open, of those processes or all of yours, with the tag, the "
               "test and the line that opened them. On a terminal the table fits: database, user and server "
               "process are left out first.\n"
               "Exit status: 0, or 1 if there is no such process.");
    auto list = std::make_shared<List>();
    app.add_option("pid", list->pids, "processes; all of yours where none is given");
    add_json_option(app, list->as_json);
    return [list] { return act(*list); };
}

} // namespace pqsweep::tools
