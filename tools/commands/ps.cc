// pqsweep ps lists the processes under the shim.
#include "tools/commands/command.hh"
#include "tools/commands/options.hh"
#include "tools/live/processes.hh"
#include "tools/text/columns.hh"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace pqsweep::tools {

namespace {

uint32_t swept(const Board& board) {
    uint32_t sum = 0;
    for (const SeenTag& tag : board.tags)
        sum += tag.swept.total();
    return sum;
}

int print(const std::vector<Process>& processes) {
    std::vector<Row> rows;
    for (const Process& process : processes) {
        const Board& board = process.board();
        std::string obstacle = process.obstacle();
        rows.push_back({std::to_string(process.pid()), board.tag.empty() ? "-" : board.tag,
                        std::to_string(board.live), std::to_string(board.opened),
                        std::to_string(swept(board)), obstacle.empty() ? signal_name(board.signal) : obstacle,
                        process.command()});
    }
    if (!rows.empty()) {
        print_table({{"pid", Cells::numbers},
                     {"tag", Cells::shortened},
                     {"live", Cells::numbers},
                     {"opened", Cells::numbers},
                     {"swept", Cells::numbers},
                     {"signal"},
                     {"program", Cells::shortened}},
                    rows);
    }
    return rows.empty() ? exit_nothing : exit_done;
}

int print_json(const std::vector<Process>& processes) {
    auto all = nlohmann::json::array();
    for (const Process& process : processes) {
        const Board& board = process.board();
        nlohmann::json one{{"pid", process.pid()},
                           {"program", board.program},
                           {"command", process.command()},
                           {"live", board.live},
                           {"opened", board.opened},
                           {"swept", swept(board)},
                           {"signal", board.signal ? signal_name(board.signal) : "none"}};
        if (!board.tag.empty())
            one["tag"] = board.tag;
        if (std::string obstacle = process.obstacle(); !obstacle.empty())
            one["obstacle"] = obstacle;
        all.push_back(one);
    }
    fmt::print("{}\n", all.dump(2));
    return processes.empty() ? exit_nothing : exit_done;
}

} // namespace

std::function<int()> declare_ps(CLI::App& app, const std::vector<std::string>&) {
    app.footer("Lists your processes that have connected, with their tag, their connections that are live, "
               "were opened, and swept, and the signal that reaches them, or why it would not.\n"
               "Exit status: 0, or 1 if there is none.");
    auto as_json = std::make_shared<bool>(false);
    add_json_option(app, *as_json);
    return [as_json] {
        std::vector<Process> processes = find_processes({}, "ps");
        return *as_json ? print_json(processes) : print(processes);
    };
}

} // namespace pqsweep::tools
