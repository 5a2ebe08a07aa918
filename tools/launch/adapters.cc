#include "tools/launch/adapters.hh"

#include "tools/launch/installed.hh"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <string>

namespace pqsweep::tools {

namespace {

// Puts `entry` before the user's own entries, unless this run is part of another, which has put it there.
void prepend(const char* variable, const std::string& entry, char separator) {
    const char* former = getenv(variable);
    std::string list = former ? former : "";
    if (list == entry || list.starts_with(entry + separator))
        return;
    setenv(variable, list.empty() ? entry.c_str() : fmt::format("{}{}{}", entry, separator, list).c_str(), 1);
}

// PHP reads the folders of its list in order, and the last setting of a directive counts. An empty name stands for the folder
// that was built in, which PHP reads if there is no list.
void append_for_php(const std::string& folder) {
    const char* former = getenv("PHP_INI_SCAN_DIR");
    std::string list = former ? former : ":";
    setenv("PQSWEEP_PHP", (folder + "/prepend.php").c_str(), 1);
    if (list == folder || list.ends_with(":" + folder))
        return;
    bool needs_colon = !list.empty() && list != ":";
    setenv("PHP_INI_SCAN_DIR", fmt::format("{}{}{}", list, needs_colon ? ":" : "", folder).c_str(), 1);
}

bool has_blank(const std::string& path) {
    return path.find_first_of(" \t\n") != std::string::npos;
}

struct Runner {
    std::string_view name;
    std::string_view shut_by;
    const char* own_variable = nullptr; // that names the running test without an adapter
};
constexpr Runner runners[] = {
    {"pytest", "python -I or -E, or an environment made by hand", "PYTEST_CURRENT_TEST"},
    {"unittest", "python -I or -E, or an environment made by hand"},
    {"rspec", "an environment made by hand"},
    {"minitest", "an environment made by hand"},
    {"phpunit", "php -n, or an environment made by hand"},
    {"prove", "an environment made by hand"},
};

bool names(const std::vector<std::string>& command, std::string_view runner) {
    return std::ranges::any_of(
        command, [&](const std::string& word) { return std::filesystem::path(word).stem() == runner; });
}

} // namespace

void bring_adapters() {
    auto found = find_installed("runners", "share/pqsweep");
    if (!found || found->string().find(':') != std::string::npos)
        return;
    std::string folder = found->lexically_normal();
    prepend("PYTHONPATH", folder + "/python", ':');
    prepend("SPEC_OPTS", fmt::format("--require '{}/ruby/pqsweep_rspec.rb'", folder), ' ');
    if (!has_blank(folder)) { // perl and ruby split these variables there, and know no quotes
        prepend("PERL5OPT", fmt::format("-I{}/perl -MPqsweep", folder), ' ');
        prepend("RUBYOPT", fmt::format("-r{}/ruby/pqsweep_door.rb", folder), ' ');
    }
    append_for_php(folder + "/php");
}

std::string adapter_left_out(const std::vector<std::string>& command,
                             const std::set<std::string, std::less<>>& variables) {
    bool is_tagged = variables.contains("PQSWEEP_TEST") || variables.contains("PQSWEEP_TAG");
    for (const Runner& runner : runners) {
        bool is_left_out = runner.own_variable ? variables.contains(runner.own_variable) : !is_tagged;
        if (is_left_out && names(command, runner.name))
            return fmt::format("{} ran without its adapter, and its fixtures are unknown ({}?)", runner.name,
                               runner.shut_by);
    }
    return "";
}

} // namespace pqsweep::tools
