#include "tools/live/board.hh"

#include "shim/base/clock.hh"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

// Memory for a copy of what a table has on the board, all zero bytes.
class Copy {
public:
    explicit Copy(unsigned halvings) : size_(Table::size_on_board(halvings) + mapping_unit) {
        void* memory =
            mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            throw std::bad_alloc();
        memory_ = memory;
        auto begin = reinterpret_cast<uintptr_t>(memory);
        table_ = reinterpret_cast<Table*>((begin + mapping_unit - 1) / mapping_unit * mapping_unit);
        table_->lay_out(halvings);
    }
    ~Copy() { munmap(memory_, size_); }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;

    Table& table() { return *table_; }

    // Reads only the bytes that the store uses. The store says how many at its beginning.
    template<class Store>
    void read(int fd, Store& store) {
        constexpr size_t beginning = 64;
        Part part = store.part();
        read(fd, part.begin, std::min(part.size, beginning));
        part = store.part();
        read(fd, part.begin, part.used);
    }
    void read(int fd, void* begin, size_t size) {
        auto offset = static_cast<char*>(begin) - reinterpret_cast<char*>(table_);
        iovec place{begin, size}; // gcc 14 takes `begin` for the store's first word, and warns of pread()
        (void)!preadv(fd, &place, 1, offset);
    }

private:
    size_t size_;
    void* memory_;
    Table* table_;
};

SeenConnection seen(const Connection& c, const TextPool& names, int64_t time) {
    auto text = [&](TextId name) { return printable(names.checked_text(name)); };
    constexpr std::string_view caller = " < ";
    std::string chain = text(c.chain);
    int64_t opened = c.opened_at;
    bool is_sane = opened >= 0 && opened <= time;
    Activity activity = c.activity;
    if (static_cast<size_t>(activity) >= std::size(activity_words))
        activity = Activity::running;
    return {.number = c.number,
            .tag = text(c.tag),
            .test = text(c.test),
            .is_swept = c.state() == State::swept,
            .activity = activity,
            .age = is_sane ? static_cast<double>(time - opened) / static_cast<double>(second) : 0,
            .backend = std::max(0, int(c.backend_pid)),
            .database = text(c.database),
            .user = text(c.user),
            .host = text(c.host),
            .application = text(c.application),
            .port = c.port,
            .line = chain.substr(0, chain.find(caller)),
            .callers = chain.substr(std::min(chain.find(caller), chain.size())),
            .last_test = text(c.last_test),
            .has_timeout = c.has_timeout(),
            .holds_lock = c.holds_lock(),
            .conninfo = c.conninfo,
            .uses = c.uses};
}

bool is_identity(const board::Identity& identity, ssize_t size) {
    return size == ssize_t{sizeof identity} && memcmp(identity.magic, board::magic, sizeof board::magic) == 0;
}

// Returns how often a table of that size was halved.
std::optional<unsigned> halvings_of(uint64_t size) {
    for (unsigned halvings = 0; halvings <= Table::most_halvings; halvings++)
        if (Table::size_of(halvings) == size)
            return halvings;
    return std::nullopt;
}

Board read_whole(int fd, board::Identity identity, unsigned halvings) {
    Copy copy(halvings);
    Table& table = copy.table();
    copy.read(fd, &table, sizeof(TableHead));
    copy.read(fd, table.connections);
    copy.read(fd, table.tags);
    copy.read(fd, table.texts); // last, so that the texts that the others name are there
    identity.program[sizeof identity.program - 1] = 0;
    Board board{.identity = identity,
                .program = printable(identity.program),
                .run_socket = printable(table.texts.checked_text(table.run_socket)),
                .tag = printable(table.texts.checked_text(table.tag)),
                .live = table.live,
                .opened = table.numbered,
                .signal = table.signal,
                .handler = table.handler,
                .connections = {},
                .tags = {}};
    int64_t time = now();
    table.connections.each([&](const Connection& c) {
        State state = c.state();
        bool is_gone = Activity(c.activity) == Activity::lost;
        if (!is_gone && (state == State::connecting || state == State::open || state == State::swept))
            board.connections.push_back(seen(c, table.texts, time));
    });
    table.tags.each([&](const Tag& t) {
        board.tags.push_back({.name = printable(table.texts.checked_text(t.name)),
                              .opened = t.opened,
                              .closed = t.closed,
                              .swept = t.swept,
                              .peak = t.peak});
    });
    return board;
}

} // namespace

std::optional<Board> read_board(int fd, NoBoard& no_board) {
    board::Identity identity{};
    if (!is_identity(identity, pread(fd, &identity, sizeof identity, 0))) {
        no_board = {"not a board of pqsweep", std::nullopt};
        return std::nullopt;
    }
    struct stat status {};
    std::optional<unsigned> halvings = halvings_of(identity.size);
    if (identity.layout != board::layout || !halvings || fstat(fd, &status) != 0 ||
        static_cast<uint64_t>(status.st_size) != identity.size) {
        no_board = {"made by another version of pqsweep", identity};
        return std::nullopt;
    }
    try {
        return read_whole(fd, identity, *halvings);
    } catch (const std::bad_alloc&) {
        no_board = {"not read: that takes " + std::to_string(Table::size_on_board(*halvings) >> 20) +
                        " MB, more than the limit of this shell leaves (ulimit -v)",
                    identity};
        return std::nullopt;
    }
}

} // namespace pqsweep::tools
