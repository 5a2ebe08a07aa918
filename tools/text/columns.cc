#include "tools/text/columns.hh"

#include "tools/text/terminal.hh"
#include "tools/text/utf8.hh"

#include <algorithm>
#include <fmt/core.h>
#include <string>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

constexpr std::string_view gap = "  ";

bool can_shrink(const Column& column) {
    return column.cells == Cells::shortened || column.cells == Cells::ends;
}

// Returns how wide the table is if no column that can shrink is wider than `most`.
size_t width_of_table(const std::vector<Column>& columns, const std::vector<size_t>& widths, size_t most) {
    size_t all = gap.size() * (widths.size() - 1);
    for (size_t i = 0; i < columns.size(); i++)
        all += can_shrink(columns[i]) ? std::min(widths[i], most) : widths[i];
    return all;
}

void leave_out_spares(std::vector<Column>& columns, std::vector<size_t>& widths, std::vector<Row>& rows,
                      size_t width) {
    constexpr size_t readable = 20;
    for (auto i = static_cast<long>(columns.size()) - 1; i >= 0; i--) {
        if (!columns[static_cast<size_t>(i)].is_spare || width_of_table(columns, widths, readable) <= width)
            continue;
        columns.erase(columns.begin() + i);
        widths.erase(widths.begin() + i);
        for (Row& row : rows)
            row.erase(row.begin() + i);
    }
}

// Takes from the widest column that can shrink until all fit, or until none can shrink any more.
void narrow(std::vector<size_t>& widths, const std::vector<Column>& columns, size_t width) {
    constexpr size_t narrowest = 10;
    for (size_t all = width_of_table(columns, widths, std::string::npos); all > width; all--) {
        size_t* widest = nullptr;
        for (size_t i = 0; i < columns.size(); i++)
            if (can_shrink(columns[i]) && widths[i] > (widest ? *widest : narrowest))
                widest = &widths[i];
        if (!widest)
            return;
        --*widest;
    }
}

std::string line_of(const std::vector<Column>& columns, const std::vector<size_t>& widths, const Row& row) {
    std::string line;
    for (size_t i = 0; i < columns.size(); i++) {
        std::string cell =
            columns[i].cells == Cells::ends ? end_of(row[i], widths[i]) : shortened(row[i], widths[i]);
        std::string padding(widths[i] - width_of(cell), ' ');
        line += i ? gap : "";
        line += columns[i].cells == Cells::numbers ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

} // namespace

std::vector<std::string> table_lines(std::vector<Column> columns, std::vector<Row> rows,
                                     std::optional<size_t> width) {
    Row headings;
    for (const Column& column : columns)
        headings.emplace_back(column.heading);
    rows.insert(rows.begin(), headings);
    std::vector<size_t> widths(columns.size());
    for (const Row& row : rows)
        for (size_t i = 0; i < row.size(); i++)
            widths[i] = std::max(widths[i], width_of(row[i]));
    if (width) {
        leave_out_spares(columns, widths, rows, *width);
        narrow(widths, columns, *width);
    }
    std::vector<std::string> lines;
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
