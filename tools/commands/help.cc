#include "tools/commands/help.hh"

#include "tools/text/utf8.hh"

#include <fmt/ranges.h>
#include <sstream>
#include <utility>

namespace pqsweep::tools {

namespace {

constexpr size_t width = 79, column = 26; // where descriptions begin; CLI11 2.6 puts a blank behind each word
constexpr size_t room = width - column;

std::string described(const std::string& text) {
    return fmt::format("{}", fmt::join(wrapped(text, room), "\n"));
}

} // namespace

Help::Help() {
    column_width(column);
}

std::string Help::make_usage(const CLI::App* app, std::string name) const {
    // A name replaces the label from CLI11 2.6 on.
    std::string usage = Formatter::make_usage(app, "");
    const std::string label = get_label("Usage") + ":";
    usage = usage.substr(usage.find(label) + label.size());
    usage.erase(usage.find_last_not_of('\n') + 1);
    return fmt::format("{} {}{}{}\n", label, name, usage, app->get_prefix_command() ? " -- COMMAND..." : "");
}

std::string Help::make_option_desc(const CLI::Option* option) const {
    return described(Formatter::make_option_desc(option));
}

std::string Help::make_subcommand(const CLI::App* subcommand) const {
    std::string out;
    std::string name = "  " + subcommand->get_name();
    for (const std::string& line : wrapped(subcommand->get_description(), room))
        out += fmt::format("{:{}}{}\n", std::exchange(name, ""), column, line);
    return out;
}

std::string Help::make_footer(const CLI::App* app) const {
    std::string out;
    std::istringstream paragraphs(app->get_footer());
    for (std::string paragraph; std::getline(paragraphs, paragraph);) {
        std::vector<std::string> lines = wrapped(paragraph, width);
        for (size_t i = 0; i < lines.size(); i++)
            out += lines[i].substr(i ? lines[i].find_first_not_of(' ') : 0) + "\n";
    }
    return out;
}

} // namespace pqsweep::tools
