#include "tools/live/board.hh"
#include "shim/table/table.hh"
#include "tests/support/wild_board.hh"
#include "tools/text/columns.hh"

#include <cstring>
#include <doctest/doctest.h>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace pqsweep;

TEST_SUITE_BEGIN("unit: board");

TEST_CASE(
    "boards of random bytes, long runs of one, and short ones: reading ends and yields what can be printed") {
    std::mt19937 random(1);
    for (int round = 0; round < 300; round++) {
        std::vector<uint8_t> bytes(1 + random() % 4000);
        for (uint8_t& byte : bytes)
            byte = static_cast<uint8_t>(round % 3 ? random() : random() % 4);
        bytes[0] = static_cast<uint8_t>((bytes[0] & (round % 10 ? 0x1f : 0xff)) | (round % 5 ? 3 : 0));
        tests::read_wild_board(bytes.data(), bytes.size());
    }
    for (int byte = 0; byte < 256; byte += 9) {
        auto one = static_cast<uint8_t>(byte);
        tests::read_wild_board(&one, 1);
    }
    tests::read_wild_board(nullptr, 0);
}

TEST_CASE("another layout is said to be of another version, and keeps its identity") {
    int fd = memfd_create("board", MFD_CLOEXEC);
    board::Identity identity{};
    memcpy(identity.magic, board::magic, sizeof identity.magic);
    identity.layout = board::layout + 1;
    identity.size = Table::size_of(0);
    identity.start_time = 4711;
    CHECK(write(fd, &identity, sizeof identity) == sizeof identity);
    tools::NoBoard none;
    CHECK_FALSE(tools::read_board(fd, none));
    CHECK(none.why == "made by another version of pqsweep");
    REQUIRE(none.identity);
    CHECK(none.identity->start_time == 4711);
    close(fd);
}

TEST_CASE("printable: no control characters, and UTF-8") {
    CHECK(tools::printable("a\033[2J\n\x7f") == "a?[2J??");
    CHECK(tools::printable("é\xc2\x9b€\xff\xc0\xaf") == "é?€???");
    CHECK(tools::printable("cut \xe2\x82") == "cut ??");
    CHECK(tools::printable("\xed\xa0\x80 \xe0\x80\x80 \xf4\x90\x80\x80 😀") == "??? ??? ???? 😀");
}

TEST_CASE("tables: columns line up, by characters") {
    auto lines =
        tools::table_lines({{"name"}, {"n", tools::Cells::numbers}}, {{"é", "7"}, {"long name", "12"}});
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == "name        n");
    CHECK(lines[1] == "é           7");
    CHECK(lines[2] == "long name  12");
    CHECK(tools::cut_to("éèê", 2) == "éè");
}

TEST_CASE("a table of any size is the same after it has been on a board") {
    for (unsigned halvings = 0; halvings <= Table::most_halvings; halvings++) {
        Table* table = table::create(halvings);
        TextId a = table->texts.intern("a");
        REQUIRE(table->connections.add(reinterpret_cast<const PGconn*>(64), nullptr));
        table->tags.of(a).opened.add(3);
        CHECK(board::unshare(*table));
        CHECK(table->texts.intern("a") == a);
        CHECK(table->texts.text(a) == "a");
        CHECK(table->connections.find(reinterpret_cast<const PGconn*>(64)));
        CHECK(table->tags.of(a).opened == 3);
        munmap(table, table->size());
    }
}

TEST_SUITE_END();
