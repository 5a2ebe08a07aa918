#include "tools/text/columns.hh"

#include "tools/text/utf8.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tools;

TEST_SUITE_BEGIN("unit: columns");

TEST_CASE("a table that is too wide loses spare columns, then the middle or the beginning of cells") {
    const std::vector<Column> columns{{"n", Cells::numbers},
                                      {"test", Cells::shortened},
                                      {"line", Cells::ends},
                                      {"user", Cells::texts, true}};
    const std::string path = "tests/integration/orders/test_orders.py:16 connect";
    const std::vector<Row> rows{{"1", path, path, "alice"}};
    auto wide = table_lines(columns, rows);
    CHECK(wide[1] == "1  " + path + "  " + path + "  alice");
    auto narrow = table_lines(columns, rows, 50);
    CHECK(width_of(narrow[1]) == 50);
    CHECK(narrow[0].find("user") == std::string::npos);
    CHECK(narrow[1].starts_with("1  tests/i"));
    CHECK(narrow[1].ends_with("  ...orders.py:16 connect"));
    CHECK(table_lines(columns, rows, 10)[1] == "1  tes...nect  ...connect");
    CHECK(table_lines(columns, rows, 70)[1].ends_with("  alice"));
}

TEST_SUITE_END();
