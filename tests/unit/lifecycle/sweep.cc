#include "shim/lifecycle/sweep.hh"

#include "shim/base/clock.hh"
#include "shim/base/settings.hh"
#include "shim/base/socket.hh"
#include "shim/lifecycle/ledger.hh"
#include "tests/support/files.hh"

#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace pqsweep;
using namespace pqsweep::tests;

namespace {

// Returns the journal of a process with one connection, under a tag that ended. `is_open`: its owner got that far.
std::string journal_of_a_sweep(bool is_open, int64_t age = 10 * second) {
    Folder folder("sweep");
    std::string path = folder.path / "journal";
    pid_t child = fork(); // a process reads settings and the journal's path once
    if (child == 0) {
        setenv("PQSWEEP_JOURNAL", path.c_str(), 1);
        settings::load();
        journal::start();
        Table* table = table::create();
        int ends[2];
        if (!table || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
            _exit(1);
        Connection* c = table->connections.add(reinterpret_cast<const PGconn*>(16), nullptr);
        c->fd = ends[0];
        c->cookie = socket_cookie(ends[0]);
        c->backend_pid = 4711;
        c->opened_at = now() - age;
        c->tag = table->texts.intern("a");
        c->lifetime = Lifetime::of_tag(1);
        Ledger ledger(*table);
        ledger.begin(*c);
        c->activity = Activity::idle; // as an owner notes before the connection is open
        if (is_open)
            ledger.open(*c);
        table->epoch = 3;
        sweep::after_tag_change(*table, sweep::Patience::none);
        _exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    return text_of(path);
}

} // namespace

TEST_SUITE_BEGIN("unit: sweep");

TEST_CASE("a connection that is swept when it is open was opened first") {
    std::string journal = journal_of_a_sweep(true);
    size_t open = journal.find(R"("event":"open")"), sweep = journal.find(R"("event":"sweep")");
    REQUIRE(sweep != journal.npos);
    CHECK(open < sweep);
    CHECK(contains(journal, R"("backend":4711)"));
    CHECK(contains(journal, R"("state":"idle")"));
}

TEST_CASE("one that is still connecting was never open") {
    std::string journal = journal_of_a_sweep(false);
    CHECK(contains(journal, R"("event":"sweep")"));
    CHECK(contains(journal, R"("state":"connecting")"));
    CHECK(!contains(journal, R"("event":"open")"));
}

TEST_CASE("one that has been connecting for a few seconds is left alone") {
    CHECK(!contains(journal_of_a_sweep(false, 8 * second), R"("event":"sweep")"));
}

TEST_SUITE_END();
