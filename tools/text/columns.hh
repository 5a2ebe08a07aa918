// A table of text. A column is as wide as its widest cell; numbers stand to the right. If a width is given, and the table is
// wider, spare columns are left out, the last one first, until the others have room to be read. Then cells are shortened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pqsweep::tools {

// `shortened` cells lose their middle if there is little room, `ends` their beginning, and others nothing.
enum class Cells : uint8_t { texts, shortened, ends, numbers };

struct Column {
    const char* heading;
    Cells cells = Cells::texts;
    bool is_spare = false;
};

using Row = std::vector<std::string>;

// Returns the heading and a line for each row, without newlines.
std::vector<std::string> table_lines(std::vector<Column> columns, std::vector<Row> rows,
                                     std::optional<size_t> width = std::nullopt);

// Prints the same to stdout. On a terminal, the table fits: lines that are still too wide are cut.
void print_table(const std::vector<Column>& columns, const std::vector<Row>& rows);

// "12.3 s", "4 min", "5 h".
std::string age_text(double seconds);

} // namespace pqsweep::tools
