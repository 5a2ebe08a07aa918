#include "tools/verdict/suppressions.hh"

#include "shim/base/settings.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <fstream>

namespace pqsweep::tools {

namespace {

constexpr std::string_view fields[] = {"tag", "test", "function"};

std::string_view trimmed(std::string_view text) {
    constexpr auto blanks = " \t\r";
    size_t first = text.find_first_not_of(blanks);
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// A comment begins the line, or comes behind a blank: a test's id can have a # in it.
std::string_view without_comment(std::string_view line) {
    size_t sign = line.find('#');
    while (sign != line.npos && sign > 0 && line[sign - 1] != ' ' && line[sign - 1] != '\t')
        sign = line.find('#', sign + 1);
    return line.substr(0, sign);
}

} // namespace

std::string Suppressions::load(const std::string& file) {
    file_ = file;
    std::ifstream stream(file);
    if (!stream)
        return fmt::format("{}: {}", file, strerror(errno));
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
        number++;
        std::string_view text = trimmed(without_comment(line));
        if (text.empty())
            continue;
        size_t colon = text.find(':');
        const auto* field = std::find(std::begin(fields), std::end(fields), text.substr(0, colon));
        if (colon == text.npos || field == std::end(fields) || colon + 1 == text.size())
            return fmt::format("{}:{}: {}: expected tag:GLOB, test:GLOB or function:GLOB", file, number,
                               text);
        rules_.push_back({Field(field - std::begin(fields)), std::string(text.substr(colon + 1)),
                          std::string(text), number});
    }
    return "";
}

bool Suppressions::match(const Finding& finding) {
    for (Rule& rule : rules_) {
        bool matches = false;
        if (rule.field == Field::function)
            for (const Frame& frame : every_frame(finding.stack, finding.is_source))
                matches |= glob_matches(rule.glob, frame.function);
        else
            matches = glob_matches(rule.glob, rule.field == Field::tag ? finding.tag : finding.test);
        if (!matches)
            continue;
        rule.matched += finding.count;
        return true;
    }
    return false;
}

std::vector<std::string> Suppressions::outcome() const {
    std::vector<std::string> lines;
    for (const Rule& rule : rules_)
        lines.push_back(rule.matched
                            ? fmt::format("suppressed {}: {}", rule.matched, rule.text)
                            : fmt::format("{}:{}: {}: suppresses nothing", file_, rule.line, rule.text));
    return lines;
}

} // namespace pqsweep::tools
