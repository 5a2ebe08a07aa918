#include "tools/commands/options.hh"

#include "tools/text/nearest.hh"
#include "tools/text/utf8.hh"

#include <cstdlib>
#include <fmt/core.h>

namespace pqsweep::tools {

void add_json_option(CLI::App& app, bool& as_json) {
    app.add_flag("--json", as_json, "print JSON");
}

void add_gate_options(CLI::App& app, GateOptions& options) {
    app.add_option("--max-open", options.max_open,
                   "fail if more connections than this were open at once under a tag")
        ->type_name("N")
        ->group(gate_group);
    app.add_option(
           "--suppressions", options.suppressions,
           "put up with the culprits that this file names: lines of tag:GLOB, test:GLOB, function:GLOB")
        ->type_name("FILE")
        ->group(gate_group);
    app.add_option("--baseline", options.baseline, "fail only for culprits that are not in this file")
        ->type_name("FILE")
        ->group(gate_group);
}

CLI::Validator within(double least, double most) {
    return {[least, most](const std::string& text) {
                char* end = nullptr;
                double number = strtod(text.c_str(), &end);
                bool is_within = *end || (number >= least && number <= most);
                return is_within ? ""
                                 : fmt::format("={}: expected a number from {} to {}", text, least, most);
            },
            ""};
}

std::string unknown_option(const CLI::App& app, const std::string& word) {
    std::string name = word.substr(0, word.find('='));
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& known : option->get_lnames())
            names.push_back("--" + known);
    std::string command = app.get_parent() ? "pqsweep " + app.get_name() : "pqsweep";
    std::string hint = suggestion(name, {names.begin(), names.end()});
    return fmt::format("{}: no such option{}", printable(name),
                       hint.empty() ? fmt::format("; '{} --help' lists them", command) : hint);
}

} // namespace pqsweep::tools
