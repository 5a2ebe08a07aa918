#include "tools/blockers/notice.hh"

#include <algorithm>
#include <doctest/doctest.h>
#include <sstream>

using namespace pqsweep::tools;

namespace {

Session session(int pid, const std::string& state, const std::string& statement, double in_state) {
    return {.pid = pid,
            .database = "shop",
            .user = "me",
            .application = "app",
            .state = state,
            .statement = statement,
            .in_state = in_state,
            .in_statement = in_state};
}

SeenConnection connection(int backend, const std::string& test, const std::string& line,
                          const std::string& last_test) {
    return {.number = 1,
            .tag = "tests/test_cell.py",
            .test = test,
            .is_swept = false,
            .activity = pqsweep::Activity::transaction,
            .age = 1,
            .backend = backend,
            .database = "shop",
            .user = "me",
            .host = "/tmp",
            .application = "app",
            .port = 5432,
            .line = line,
            .callers = "",
            .last_test = last_test,
            .has_timeout = false,
            .holds_lock = false,
            .conninfo = 1,
            .uses = 1};
}

// A holder that a test left in a transaction, and as many that wait for it.
struct Scene {
    explicit Scene(int waiters, const std::string& callers = "") {
        waits.sessions.push_back(session(100, "idle in transaction", "SELECT", 11.2));
        parties.add(
            {7, "/usr/bin/python3 -m pytest tests",
             connection(100, "tests/test_cell.py::test_save (call)", "tests/test_cell.py:30 test_save",
                        "tests/test_cell.py::test_search (call)")});
        for (int i = 1; i <= waiters; i++) {
            waits.sessions.push_back(session(100 + i, "active", "DROP TABLE", 10));
            waits.waits.push_back(
                {.waiter = 100 + i,
                 .holders = {100},
                 .lock = {.type = "relation", .mode = "AccessExclusiveLock", .relation = "cell"},
                 .waited = 10.0 + i});
            parties.add({7, "/usr/bin/python3 -m pytest tests",
                         connection(100 + i, "tests/test_cell.py::test_none (setup)",
                                    "tests/test_cell.py:23 empty_database",
                                    "tests/test_cell.py::test_none (setup)")});
        }
        Parties all;
        parties.each([&](Party party) {
            party.connection.callers = callers;
            all.add(party);
        });
        parties = all;
    }
    std::string text() const { return notice(trees_of(waits).at(0), waits, parties); }
    Waits waits;
    Parties parties;
};

size_t widest_line(const std::string& text) {
    std::istringstream lines(text);
    size_t widest = 0;
    for (std::string line; std::getline(lines, line);)
        widest = std::max(widest, line.size());
    return widest;
}

} // namespace

TEST_SUITE_BEGIN("unit: blockers");

TEST_CASE("a notice names the waiter, its lock, and the holder") {
    CHECK(Scene(1).text() == "pqsweep: tests/test_cell.py::test_none (setup) has waited 11 s for a lock\n"
                             "  held by backend 100, idle in transaction for 11 s\n"
                             "    opened by tests/test_cell.py::test_save (call)\n"
                             "      at tests/test_cell.py:30 test_save\n"
                             "    last used by tests/test_cell.py::test_search (call)\n"
                             "    process 7: /usr/bin/python3 -m pytest tests\n"
                             "  waiting for it:\n"
                             "    backend 101, 11 s: DROP TABLE\n"
                             "      needs AccessExclusiveLock on table cell\n"
                             "      in tests/test_cell.py::test_none (setup)\n"
                             "      connected at tests/test_cell.py:23 empty_database\n"
                             "      process 7: /usr/bin/python3 -m pytest tests\n");
}

TEST_CASE("the callers of the line stand beside it, or below it if they don't fit") {
    std::string text = Scene(1, " < db.py:8 session < tests/test_cell.py:50").text();
    CHECK(text.find("      at tests/test_cell.py:30 test_save\n"
                    "       < db.py:8 session\n"
                    "       < tests/test_cell.py:50\n") != text.npos);
    CHECK(Scene(1, " < db.py:8 session")
              .text()
              .find("      connected at tests/test_cell.py:23 empty_database < db.py:8 session\n") !=
          std::string::npos);
    CHECK(widest_line(text) <= 79);
}

TEST_CASE("a hundred waiters are one notice of at most 60 lines, each of which fits a terminal") {
    std::string text = Scene(100).text();
    CAPTURE(text);
    CHECK(std::count(text.begin(), text.end(), '\n') <= 60);
    CHECK(widest_line(text) <= 79);
    CHECK(text.find(" has waited 110 s for a lock, with 99 more\n") != text.npos);
    CHECK(text.find("    ... and ") != text.npos);
}

TEST_CASE("a holder of somebody else is named by what the server knows; a prepared transaction by its gid") {
    Waits waits;
    waits.sessions = {session(1, "idle in transaction", "", 9), session(2, "active", "UPDATE", 9)};
    waits.sessions[0].address = "192.0.2.7";
    waits.waits = {{.waiter = 2,
                    .holders = {0, 1},
                    .lock = {.type = "transactionid", .mode = "ShareLock"},
                    .waited = 9}};
    waits.prepared = {"order-7"};
    std::string text = notice(trees_of(waits).at(0), waits, {});
    CHECK(text == "pqsweep: app has waited 9 s for a lock\n"
                  "  held by prepared transaction 'order-7': COMMIT or ROLLBACK PREPARED ends it\n"
                  "  held by backend 1, idle in transaction for 9 s\n"
                  "    none of the run's: app, user me, 192.0.2.7\n"
                  "  waiting for it:\n"
                  "    backend 2, 9 s: UPDATE\n"
                  "      needs the end of another transaction\n"
                  "      none of the run's: app, user me, on the server's machine\n");
}

TEST_CASE("a session is nobody's of ours unless database and user agree") {
    Scene scene(1);
    Session other = *scene.waits.session(100);
    CHECK(scene.parties.of(other));
    other.database = "another";
    CHECK(!scene.parties.of(other));
}

TEST_SUITE_END();
