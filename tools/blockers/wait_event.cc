#include "tools/blockers/wait_event.hh"

#include <chrono>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <random>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

const std::string& process_id() {
    static const std::string id = [] {
        std::random_device random;
        return fmt::format("{:08x}{:08x}", random(), random());
    }();
    return id;
}

} // namespace

std::string record_of(const WaitEvent& event, const std::string& run) {
    auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    nlohmann::ordered_json record{
        {"v", 1}, {"time", now}, {"process", process_id()}, {"pid", getpid()}, {"event", "wait"}};
    const std::pair<const char*, const std::string&> texts[] = {{"run", run},
                                                                {"tag", event.waiter_tag},
                                                                {"test", event.waiter},
                                                                {"lock", event.lock},
                                                                {"database", event.database},
                                                                {"holder", event.holder},
                                                                {"holder_line", event.holder_line},
                                                                {"holder_user", event.holder_user}};
    for (const auto& [name, text] : texts)
        if (!text.empty())
            record[name] = text;
    record["backend"] = event.waiter_backend;
    record["holder_backend"] = event.holder_backend;
    record["took"] = event.waited;
    record["did"] = event.is_ended ? "ended" : "named";
    return record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace pqsweep::tools
