// A table of text. A column is as wide as its widest cell; numbers stand to the right.
#pragma once

#include <string>
#include <vector>

namespace pqsweep::tools {

struct Column {
    const char* heading;
    bool is_number = false;
};

using Row = std::vector<std::string>;

// Returns the heading and a line for each row, without newlines. Nothing is cut.
std::vector<std::string> table_lines(const std::vector<Column>& columns, const std::vector<Row>& rows);

// Prints the same to stdout; on a terminal, cuts each line to the terminal's width.
void print_table(const std::vector<Column>& columns, const std::vector<Row>& rows);

// "12.3 s", "4 min", "5 h".
std::string age_text(double seconds);

} // namespace pqsweep::tools
