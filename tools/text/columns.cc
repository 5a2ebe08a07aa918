#include "tools/text/columns.hh"

#include "tools/text/terminal.hh"
#include "tools/text/utf8.hh"

#include <algorithm>
#include <fmt/core.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

std::string line_of(const std::vector<Column>& columns, const std::vector<size_t>& widths, const Row& row) {
    std::string line;
    for (size_t i = 0; i < columns.size(); i++) {
        std::string padding(widths[i] - width_of(row[i]), ' ');
        line += i ? "  " : "";
        line += columns[i].is_number ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

} // namespace

std::vector<std::string> table_lines(const std::vector<Column>& columns, const std::vector<Row>& rows) {
    Row headings;
    std::vector<size_t> widths;
    for (const Column& column : columns) {
        headings.emplace_back(column.heading);
        widths.push_back(headings.back().size());
    }
    for (const Row& row : rows)
        for (size_t i = 0; i < row.size(); i++)
            widths[i] = std::max(widths[i], width_of(row[i]));
    std::vector<std::string> lines{line_of(columns, widths, headings)};
    for (const Row& row : rows)
        lines.push_back(line_of(columns, widths, row));
    return lines;
}

void print_table(const std::vector<Column>& columns, const std::vector<Row>& rows) {
    auto width = terminal_width(STDOUT_FILENO);
    for (const std::string& line : table_lines(columns, rows))
        fmt::print("{}\n", width ? cut_to(line, *width) : line);
}

std::string age_text(double seconds) {
    if (seconds < 100)
        return fmt::format("{:.1f} s", seconds);
    if (seconds < 100 * 60.0)
        return fmt::format("{:.0f} min", seconds / 60);
    return fmt::format("{:.0f} h", seconds / 3600);
}

} // namespace pqsweep::tools
