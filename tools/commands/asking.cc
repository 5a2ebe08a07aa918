#include "tools/commands/asking.hh"

#include "tools/commands/command.hh"
#include "tools/commands/options.hh"
#include "tools/text/counts.hh"

#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace pqsweep::tools {

namespace {

nlohmann::json as_json(const Process& process, const Request::Answer& answer) {
    if (!answer.why_not.empty())
        return {{"pid", process.pid()}, {"done", false}, {"why", answer.why_not}};
    return {{"pid", process.pid()},
            {"done", true},
            {"swept", answer.swept.total()},
            {"idle", answer.swept.idle},
            {"transaction", answer.swept.transaction},
            {"running", answer.swept.running}};
}

} // namespace

std::string text_of(const Process& process, const Request::Answer& answer) {
    if (!answer.why_not.empty())
        return fmt::format("{}: not done: {}", process.pid(), answer.why_not);
    return fmt::format("{}: {} swept {}", process.pid(), answer.swept.total(), activities_text(answer.swept));
}

void add_asking_options(CLI::App& app, Asking& asking) {
    asking.command = app.get_name();
    app.add_option("pid", asking.pids, "the processes");
    app.add_flag("--all", asking.all, "all your processes");
    app.add_option("--wait", asking.patience, "seconds to wait until the process acts (1)")
        ->check(within(0.0, 3600.0))
        ->type_name("SECONDS");
    add_json_option(app, asking.as_json);
}

int ask(const Asking& asking, Mailbox::Kind kind, std::string_view name) {
    if (!asking.rest.empty())
        return refuse(asking.command, "{}: tag and sweep take nothing behind --", asking.rest[0]);
    if (asking.all == !asking.pids.empty())
        return refuse(asking.command, "give either pids or --all; 'pqsweep ps' lists the processes");
    std::vector<Process> processes = find_processes(asking.pids, asking.command);
    bool is_complete = !processes.empty() && (asking.pids.empty() || processes.size() >= asking.pids.size());
    auto deadline = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                           std::chrono::duration<double>(asking.patience));
    std::vector<std::unique_ptr<Request>> requests;
    for (const Process& process : processes)
        requests.push_back(std::make_unique<Request>(process, kind, name));
    auto all = nlohmann::json::array();
    for (size_t i = 0; i < processes.size(); i++) {
        Request::Answer answer = requests[i]->wait(deadline);
        is_complete &= answer.why_not.empty();
        if (asking.as_json)
            all.push_back(as_json(processes[i], answer));
        else
            fmt::print("{}\n", text_of(processes[i], answer));
    }
    if (asking.as_json)
        fmt::print("{}\n", all.dump(2));
    return is_complete ? exit_done : exit_nothing;
}

} // namespace pqsweep::tools
