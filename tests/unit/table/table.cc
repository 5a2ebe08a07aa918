#include "shim/table/table.hh"
#include "shim/base/text.hh"
#include "shim/lifecycle/tag.hh"

#include <climits>
#include <cstdint>
#include <doctest/doctest.h>
#include <set>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

using namespace pqsweep;

namespace {

struct Fresh {
    explicit Fresh(unsigned halvings = 0) : table(table::create(halvings)) {}
    ~Fresh() { munmap(table, table->size()); }
    Table* operator->() const { return table; }
    Table* table;
};

constexpr unsigned whole_and_small[] = {0, 1, Table::most_halvings};

const PGconn* address(uintptr_t n) {
    return reinterpret_cast<const PGconn*>(n);
}

} // namespace

TEST_SUITE_BEGIN("unit: table");

TEST_CASE("names: the same text has the same number, others have others") {
    Fresh table;
    TextPool& names = table->texts;
    CHECK(names.intern("") == TextId::none);
    CHECK(names.text(TextId::none) == "");
    TextId a = names.intern("a"), b = names.intern("b");
    CHECK(a != b);
    CHECK(names.intern("a") == a);
    CHECK(names.text(a) == "a");
}

TEST_CASE("names: long ones are cut between characters, and two of them stay two") {
    Fresh table;
    TextPool& names = table->texts;
    std::string stem;
    while (stem.size() < 4096)
        stem += "é";
    TextId one = names.intern(stem + "1"), two = names.intern(stem + "2");
    CHECK(one != two);
    CHECK(names.intern(stem + "1") == one);
    std::string_view text = names.text(one);
    CHECK(text.size() <= TextPool::longest);
    CHECK(text.rfind("é~") != text.npos);
}

TEST_CASE("names: a full store answers one name for all, and keeps the old ones") {
    for (unsigned halvings : whole_and_small) {
        Fresh table(halvings);
        TextPool& names = table->texts;
        TextId first = names.intern("first");
        std::string filler(500, 'x');
        TextId last = TextId::none;
        int known = 0;
        for (int i = 0; i < 60000; i++) {
            last = names.intern(filler + std::to_string(i));
            known += names.text(last) != "(too many names)";
        }
        CHECK(known >= int(TextPool::most >> halvings) / 520 - 1);
        CHECK(known <= int(TextPool::most >> halvings) / 512);
        CHECK(names.text(last) == "(too many names)");
        CHECK(names.intern("first") == first);
        CHECK(names.text(first) == "first");
        CHECK(names.checked_text(first) == "first");
    }
}

TEST_CASE("connections: found by address as long as they live, through thousands of others") {
    Fresh table;
    Connections& connections = table->connections;
    constexpr uintptr_t n = 10000;
    for (uintptr_t i = 1; i <= n; i++)
        CHECK(connections.add(address(i * 16), nullptr) != nullptr);
    for (uintptr_t i = 1; i <= n; i += 2)
        connections.remove(*connections.find(address(i * 16)));
    for (uintptr_t i = 1; i <= n; i++) {
        Connection* found = connections.find(address(i * 16));
        if (i % 2)
            CHECK(found == nullptr);
        else
            CHECK((found && found->conn.load() == address(i * 16)));
    }
    CHECK(connections.find(nullptr) == nullptr);
}

TEST_CASE("connections: a full table says so, and has room again") {
    for (unsigned halvings : whole_and_small) {
        Fresh table(halvings);
        Connections& connections = table->connections;
        for (uintptr_t i = 1; i <= Connections::most >> halvings; i++) {
            Connection* c = connections.add(address(i * 64), nullptr);
            REQUIRE(c != nullptr);
            table->origins.of(connections.slot_of(*c)).is_pools = true;
        }
        CHECK(connections.add(address(8), nullptr) == nullptr);
        connections.begin_fork();
        connections.remove(*connections.find(address(64)));
        CHECK(connections.add(address(8), nullptr) != nullptr);
        uint32_t seen = 0;
        connections.each([&](const Connection&) { seen++; });
        CHECK(seen == Connections::most >> halvings);
    }
}

TEST_CASE("connections: a child has those of the fork, in a small table that is full, too") {
    Fresh table(Table::most_halvings);
    Connections& connections = table->connections;
    for (uintptr_t i = 1; i <= Connections::most >> Table::most_halvings; i++)
        connections.add(address(i * 64), nullptr)->fd = int(i);
    connections.begin_fork();
    connections.each([](Connection& c) { c.fd = -1; });
    connections.return_to_fork();
    int expected = 0, wrong = 0;
    connections.each([&](const Connection& c) { wrong += c.fd != ++expected; });
    CHECK(wrong == 0);
}

TEST_CASE("connections: a slot that a sweep has pinned is not reused") {
    Fresh table;
    Connections& connections = table->connections;
    Connection* first = connections.add(address(16), nullptr);
    first->pins.fetch_add(1);
    connections.remove(*first);
    CHECK(connections.add(address(32), nullptr) != first);
    first->pins.fetch_sub(1);
    CHECK(connections.add(address(48), nullptr) == first);
}

TEST_CASE("connections: threads that come and go find their own") {
    Fresh table;
    Connections& connections = table->connections;
    std::vector<std::thread> threads;
    std::atomic<int> misses = 0;
    for (uintptr_t t = 0; t < 4; t++) {
        threads.emplace_back([&, t] {
            for (uintptr_t i = 0; i < 20000; i++) {
                const PGconn* mine = address((i % 50 * 4 + t + 1) * 16);
                Connection* added = connections.add(mine, nullptr);
                if (connections.find(mine) != added)
                    misses++;
                if (added)
                    connections.remove(*added);
                if (connections.find(mine))
                    misses++;
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK(misses == 0);
}

TEST_CASE("tags: one record a name, 10,000 of them") {
    Fresh table;
    Tags& tags = table->tags;
    std::set<Tag*> records;
    for (uint32_t i = 0; i < 10000; i++)
        records.insert(&tags.of(TextId(i)));
    CHECK(records.size() == 10000);
    tags.of(TextId(7)).opened.add(2);
    CHECK(tags.of(TextId(7)).opened == 2);
    CHECK(tags.of(TextId(8)).opened == 0);
}

TEST_CASE("tags: those for which there is no room share the last one") {
    for (unsigned halvings : whole_and_small) {
        Fresh table(halvings);
        Tags& tags = table->tags;
        uint32_t room = Tags::most >> halvings;
        std::set<Tag*> records;
        for (uint32_t i = 1; i <= room + 100; i++)
            records.insert(&tags.of(TextId(4 * i)));
        CHECK(records.size() == room);
        CHECK(&tags.of(TextId(4 * (room + 100))) == &tags.of(TextId(4 * room)));
        CHECK(tags.of(TextId(4)).name == TextId(4));
    }
}

TEST_CASE("stragglers: past the capacity nothing is recorded") {
    for (unsigned halvings : whole_and_small) {
        Fresh table(halvings);
        Stragglers& stragglers = table->stragglers;
        for (uint32_t i = 1; i <= Stragglers::most >> halvings; i++) {
            REQUIRE(stragglers.reserve() == i);
            stragglers.write(i, {});
            stragglers.publish(i);
        }
        CHECK(stragglers.reserve() == 0);
        CHECK(stragglers.record(0) == nullptr);
        stragglers.write(0, {});
        stragglers.publish(0);
        stragglers.set_fate(0, Fate::reset);
        uint32_t seen = 0;
        stragglers.each([&](const StragglerRecord&) { seen++; });
        CHECK(seen == Stragglers::most >> halvings);
    }
}

TEST_CASE("held numbers: those for which there is no room are not held") {
    for (unsigned halvings : whole_and_small) {
        Fresh table(halvings);
        HeldNumbers& numbers = table->held_numbers;
        int room = int(HeldNumbers::most >> halvings);
        for (int fd : {-1, 0, room - 1, room, int(HeldNumbers::most), INT_MAX})
            numbers.hold(fd);
        CHECK_FALSE(numbers.is_held(-1));
        CHECK(numbers.is_held(room - 1));
        CHECK_FALSE(numbers.is_held(room));
        CHECK_FALSE(bool(HeldNumbers::Grip(numbers, room)));
        CHECK_FALSE(numbers.let_go(room));
        numbers.let_go_between(0, UINT_MAX);
        CHECK_FALSE(numbers.is_held(room - 1));
    }
}

TEST_CASE("table: each step is smaller, and what its stores have is no other's") {
    size_t former = SIZE_MAX;
    for (unsigned halvings = 0; halvings <= Table::most_halvings; halvings++) {
        Fresh table(halvings);
        CHECK(table->size() < former);
        former = table->size();
        char* end = reinterpret_cast<char*>(table.table);
        table->each_part([&](const Part& part, Backing&) {
            CHECK(part.begin >= end);
            CHECK(part.used <= part.size);
            CHECK(part.size % mapping_unit == 0);
            end = part.begin + part.size;
        });
        CHECK(end <= reinterpret_cast<char*>(table.table) + table->size());
    }
    CHECK(former <= 14'000'000 / 8);
}

TEST_CASE("stragglers: a record is seen once it is published, with the fate that its owner has given it") {
    Fresh table;
    Stragglers& stragglers = table->stragglers;
    uint32_t blank = stragglers.reserve(), open = stragglers.reserve(), used = stragglers.reserve();
    Straggler straggler{};
    straggler.connection = 1;
    stragglers.write(open, straggler);
    stragglers.publish(open);
    straggler.connection = 2;
    stragglers.write(used, straggler);
    stragglers.set_fate(used, Fate::used_again);
    stragglers.publish(used);
    std::vector<std::pair<uint32_t, Fate>> seen;
    stragglers.each([&](const StragglerRecord& s) { seen.emplace_back(s.connection, Fate(s.fate)); });
    CHECK(seen == std::vector<std::pair<uint32_t, Fate>>{{1, Fate::left_open}, {2, Fate::used_again}});
    CHECK(stragglers.fate(blank) == Fate::left_open);
}

TEST_CASE("scoped: the part of a test id that is the tag") {
    CHECK(tag::scoped("a/b/t.py::C::test[x::y] (call)", Scope::module) == "a/b/t.py");
    CHECK(tag::scoped("a/b/t.py::test", Scope::package) == "a/b");
    CHECK(tag::scoped("t.py::test", Scope::package) == ".");
    CHECK(tag::scoped("t.py::test[(call)] (setup)", Scope::test) == "t.py::test[(call)]");
    CHECK(tag::scoped("t.py::test (other)", Scope::test) == "t.py::test (other)");
    CHECK(tag::scoped("Suite.name (call)", Scope::test) == "Suite.name (call)");
    CHECK(tag::scoped("", Scope::module) == "");
}

TEST_CASE("text: numbers, control characters, and nothing past the end") {
    char buffer[16];
    Text text(buffer);
    text << int64_t(INT64_MIN);
    CHECK(text.view() == "-922337203685477");
    char small[8];
    Text cut(small);
    cut << "a\033[2J\n" << 0u << "overflow";
    CHECK(cut.view() == "a?[2J?0o");
    CHECK(utf8_prefix("aé", 2) == "a");
    CHECK(utf8_prefix("aé", 3) == "aé");
}

TEST_SUITE_END();
