// A table of text: columns as wide as what is in them, numbers to the right.
#pragma once

#include <string>
#include <vector>

namespace pqsweep::tools {

struct Column {
    const char* heading;
    bool is_number = false;
};

using Row = std::vector<std::string>;

// The heading and a line for each row, without newlines. Nothing is cut.
std::vector<std::string> table_lines(const std::vector<Column>& columns, const std::vector<Row>& rows);

// The same on stdout; on a terminal, each line cut to its width.
void print_table(const std::vector<Column>& columns, const std::vector<Row>& rows);

// The first `width` characters.
std::string cut_to(const std::string& text, size_t width);

// 12.3 s, 4 min, ...
std::string age_text(double seconds);

} // namespace pqsweep::tools
