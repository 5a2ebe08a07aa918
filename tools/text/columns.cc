#include "tools/text/columns.hh"

#include "tools/text/terminal.hh"
#include "tools/text/utf8.hh"

#include <algorithm>
#include <fmt/core.h>
#include <numeric>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

constexpr std::string_view gap = "  ";

// Takes from the widest column that can be shortened until all fit, or until no column can be shortened any more.
void narrow(std::vector<size_t>& widths, const std::vector<Column>& columns, size_t width) {
    constexpr size_t narrowest = 10;
    size_t all = std::accumulate(widths.begin(), widths.end(), gap.size() * (widths.size() - 1));
    for (; all > width; all--) {
        size_t* widest = nullptr;
        for (size_t i = 0; i < columns.size(); i++)
            if (columns[i].cells == Cells::shortened && widths[i] > (widest ? *widest : narrowest))
                widest = &widths[i];
        if (!widest)
            return;
        --*widest;
    }
}

std::string line_of(const std::vector<Column>& columns, const std::vector<size_t>& widths, const Row& row) {
    std::string line;
    for (size_t i = 0; i < columns.size(); i++) {
        std::string cell = shortened(row[i], widths[i]);
        std::string padding(widths[i] - width_of(cell), ' ');
        line += i ? gap : "";
        line += columns[i].cells == Cells::numbers ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

} // namespace

std::vector<std::string> table_lines(const std::vector<Column>& columns, const std::vector<Row>& rows,
                                     std::optional<size_t> width) {
    Row headings;
    std::vector<size_t> widths;
    for (const Column& column : columns) {
        headings.emplace_back(column.heading);
        widths.push_back(headings.back().size());
    }
    for (const Row& row : rows)
        for (size_t i = 0; i < row.size(); i++)
            widths[i] = std::max(widths[i], width_of(row[i]));
    if (width)
        narrow(widths, columns, *width);
    std::vector<std::string> lines{line_of(columns, widths, headings)};
    for (const Row& row : rows)
        lines.push_back(line_of(columns, widths, row));
    return lines;
}

void print_table(const std::vector<Column>& columns, const std::vector<Row>& rows) {
    auto width = terminal_width(STDOUT_FILENO);
    for (const std::string& line : table_lines(columns, rows, width))
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
