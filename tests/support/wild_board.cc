#include "tests/support/wild_board.hh"

#include "tools/live/board.hh"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

namespace pqsweep::tests {

namespace {

// The offsets of a table's parts. Only their first bytes are made wild, which keeps one round short.
struct Places {
    off_t offsets[4];
    explicit Places(unsigned halvings) {
        size_t size = Table::size_of(halvings);
        auto* memory = static_cast<char*>(std::aligned_alloc(mapping_unit, size));
        memset(memory, 0, size);
        auto* table = reinterpret_cast<Table*>(memory);
        table->lay_out(halvings);
        int n = 0;
        table->each_part([&](const Part& part, Backing&) { offsets[n++] = part.begin - memory; });
        std::free(memory);
    }
};

void check(const std::string& text) {
    if (tools::printable(text) != text || nlohmann::json(text).dump().empty())
        abort();
}

} // namespace

void read_wild_board(const uint8_t* bytes, size_t size) {
    static const int fd = memfd_create("board", MFD_CLOEXEC);
    static const Places whole(0), smallest(Table::most_halvings);
    constexpr size_t wild = 16384;
    // The first byte chooses the file's length, whether its beginning is valid, whether its counts are wild, and the table's size.
    bool is_good = size && bytes[0] & 1;
    bool is_whole = size && bytes[0] & 2;
    bool has_few = size && bytes[0] < 0xe0;
    bool is_small = size && bytes[0] & 4;
    const Places& places = is_small ? smallest : whole;
    size_t table_size = Table::size_of(is_small ? Table::most_halvings : 0);
    (void)!ftruncate(fd, 0);
    (void)!ftruncate(fd, is_whole ? static_cast<off_t>(table_size) : 70000);
    uint8_t filled[wild];
    for (size_t i = 0; i < wild; i++)
        filled[i] = size ? bytes[i % size] : 0;
    for (off_t offset : places.offsets)
        (void)!pwrite(fd, filled, wild, offset);
    const uint32_t few[2] = {100, 100};
    for (int i = 1; has_few && i < 4; i++)
        (void)!pwrite(fd, few, sizeof few, places.offsets[i]);
    if (is_good) {
        board::Identity identity{};
        memcpy(&identity, filled, sizeof identity);
        memcpy(identity.magic, board::magic, sizeof identity.magic);
        identity.layout = board::layout;
        identity.size = table_size;
        (void)!pwrite(fd, &identity, sizeof identity, 0);
    }
    tools::NoBoard none;
    auto board = tools::read_board(fd, none);
    if (!board) {
        check(none.why);
        return;
    }
    check(board->program);
    check(board->run_socket);
    check(board->tag);
    for (const tools::SeenConnection& c : board->connections)
        for (const std::string& text :
             {c.tag, c.test, c.database, c.user, c.host, c.application, c.line, c.last_test})
            check(text);
    for (const tools::SeenTag& tag : board->tags)
        check(tag.name);
}

} // namespace pqsweep::tests
