// A table of text. A column is as wide as its widest cell; numbers stand to the right. If a width is given, and the table is
// wider, the middles of texts that can be shortened are left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pqsweep::tools {

enum class Cells : uint8_t { texts, shortened, numbers };

struct Column {
    const char* heading;
    Cells cells = Cells::texts;
};

using Row = std::vector<std::string>;

// Returns the heading and a line for each row, without newlines.
std::vector<std::string> table_lines(const std::vector<Column>& columns, const std::vector<Row>& rows,
                                     std::optional<size_t> width = std::nullopt);

// Prints the same to stdout. On a terminal, the table fits: lines that are still too wide are cut.
void print_table(const std::vector<Column>& columns, const std::vector<Row>& rows);

// "12.3 s", "4 min", "5 h".
std::string age_text(double seconds);

} // namespace pqsweep::tools
