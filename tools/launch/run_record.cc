#include "tools/launch/run_record.hh"

#include "tools/launch/checkout.hh"

#include <chrono>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <random>
#include <sys/utsname.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

// As a shell reads it.
std::string quoted(const std::string& word) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+";
    if (!word.empty() && word.find_first_not_of(plain) == word.npos)
        return word;
    std::string out = "'";
    for (char byte : word)
        out += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
    return out + "'";
}

std::string line_of(const std::vector<std::string>& command) {
    std::string line;
    for (const std::string& word : command)
        line += (line.empty() ? "" : " ") + quoted(word);
    return line;
}

} // namespace

std::string run_record(const std::string& run, const std::vector<std::string>& command,
                       const std::string& version) {
    std::error_code error;
    std::filesystem::path folder = std::filesystem::current_path(error);
    Checkout checkout = checkout_of(folder);
    utsname system{};
    uname(&system);
    std::random_device random;
    auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    nlohmann::ordered_json record{{"v", 1},
                                  {"time", now},
                                  {"process", fmt::format("{:08x}{:08x}", random(), random())},
                                  {"pid", getpid()},
                                  {"event", "run"}};
    const std::pair<const char*, std::string> texts[] = {
        {"run", run},
        {"command", line_of(command)},
        {"folder", folder.string()},
        {"root", checkout.root.string()},
        {"revision", checkout.revision},
        {"host", system.nodename},
        {"versions", fmt::format("{}; {} {} {}", version, system.sysname, system.release, system.machine)}};
    for (const auto& [name, text] : texts)
        if (!text.empty())
            record[name] = text;
    return record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace pqsweep::tools
