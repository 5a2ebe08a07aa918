// A tag change frees the server: connections of the old tag are gone within a second, whatever they are
// doing.
#include "tests/support/program.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <csignal>
#include <doctest/doctest.h>
#include <fstream>
#include <sys/resource.h>
#include <thread>

using namespace pqsweep::tests;

namespace {

bool is_pending(const std::string& pid, int signal) {
    std::ifstream status("/proc/" + pid + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("ShdPnd:"))
            return std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1;
    return false;
}

} // namespace

TEST_SUITE_BEGIN("process: sweeping");

TEST_CASE("every way to connect is tracked, and swept when the tag changes") {
    Server server;
    for (const char* way : {"open c ", "params c ", "login c "}) {
        CAPTURE(way);
        Program client({"client"}, {{"PQSWEEP_TAG", "a"}});
        CHECK(client.say(way) == "ok");
        CHECK(server.has(client.application(), 1));
        client.say("setenv PQSWEEP_TAG b");
        CHECK(server.is_clear_of(client.application()));
    }
    Program client({"client"}, {{"PQSWEEP_TAG", "a"}});
    CHECK(client.say("start c") == "1");
    CHECK(client.say("drive c") == "ok");
    CHECK(server.has(client.application(), 1));
    client.say("setenv PQSWEEP_TAG b");
    CHECK(server.is_clear_of(client.application()));
}

TEST_CASE("PQreset and PQresetStart give a swept connection back, under the current tag") {
    Server server;
    for (const char* reset : {"reset c", "resetstart c"}) {
        CAPTURE(reset);
        Program client({"client"}, {{"PQSWEEP_TAG", "a"}});
        client.say("open c");
        client.say("setenv PQSWEEP_TAG b");
        CHECK(server.is_clear_of(client.application()));
        CHECK(client.say(reset) == "ok");
        CHECK(client.say("exec c select 7") == "PGRES_TUPLES_OK 7");
        CHECK(server.has(client.application(), 1));
        client.say("setenv PQSWEEP_TAG c");
        CHECK(server.is_clear_of(client.application()));
    }
}

TEST_CASE("a connection that was reset by itself is swept with its new socket") {
    Server server;
    Program client({"client"}, {{"PQSWEEP_TAG", "a"}});
    client.say("open c");
    CHECK(client.say("reset c") == "ok");
    client.say("setenv PQSWEEP_TAG b");
    CHECK(server.is_clear_of(client.application()));
}

TEST_CASE("whatever it is doing, on Unix sockets and with TLS") {
    Server server;
    server.ask("create table if not exists sweeping_lock(i int)");
    struct Doing {
        const char* name;
        std::vector<const char*> commands;
        const char* seen; // in pg_stat_activity
    };
    const Doing all[] = {
        {"idle", {"exec c select 1"}, "state = 'idle'"},
        {"in transaction", {"exec c begin", "exec c select 1"}, "state = 'idle in transaction'"},
        {"in failed transaction",
         {"exec c begin", "exec c select 1/0"},
         "state = 'idle in transaction (aborted)'"},
        {"holding a lock", {"exec c begin", "exec c lock sweeping_lock"}, "state = 'idle in transaction'"},
        {"in pg_sleep", {"send c select pg_sleep(60)", "flush c"}, "wait_event = 'PgSleep'"},
        {"in COPY from the client",
         {"exec c copy sweeping_lock from stdin", "put c 1"},
         "wait_event = 'ClientRead'"},
        {"in COPY to the client",
         {"exec c copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout"},
         "state = 'active'"},
        {"in a pipeline",
         {"pipeline c", "sendparams c select 1", "sendparams c select pg_sleep(60)", "sync c", "flush c"},
         "wait_event = 'PgSleep'"},
    };
    for (const std::string& where : {std::string(), Server::tls()}) {
        for (const Doing& doing : all) {
            CAPTURE(where);
            CAPTURE(std::string(doing.name));
            Program client({"client"}, {{"PQSWEEP_TAG", "a"}});
            CHECK(client.say("open c " + where) == "ok");
            for (const char* command : doing.commands)
                client.say(command);
            REQUIRE(server.has(client.application(), 1, doing.seen));
            client.say("setenv PQSWEEP_TAG b");
            CHECK(server.is_clear_of(client.application()));
            CHECK(client.say("finish c") == "ok");
            CHECK(client.finish() == 0);
        }
    }
}

TEST_CASE("a lock that a straggler held is free for the next test") {
    Server server;
    server.ask("create table if not exists sweeping_lock(i int)");
    Program client({"client"}, {{"PQSWEEP_TAG", "a"}});
    client.say("open c");
    client.say("exec c begin");
    client.say("exec c lock sweeping_lock");
    client.say("setenv PQSWEEP_TAG b");
    server.ask("set lock_timeout = '1s'");
    server.ask("begin; lock sweeping_lock; commit");
}

TEST_CASE("only the old tag's connections: not the new tag's, not untagged ones, not kept ones") {
    Server server;
    Program client({"client"}, {{"PQSWEEP_KEEP", "app=keep*,state=failed"}, {"PQSWEEP_REVIVE", "0"}});
    client.say("open untagged");
    client.say("setenv PQSWEEP_TAG a");
    client.say("open old");
    client.say("open shared");
    client.say("open kept application_name=keep_me");
    client.say("open failed");
    client.say("exec failed begin");
    client.say("exec failed nonsense");
    client.say("exec untagged select 1");
    client.say("setenv PQSWEEP_TAG b");
    client.say("open young");
    CHECK(client.say("exec untagged select 1") == "PGRES_TUPLES_OK 1");
    CHECK(client.say("exec young select 2") == "PGRES_TUPLES_OK 2");
    CHECK(client.say("exec kept select 3") == "PGRES_TUPLES_OK 3");
    CHECK(client.say("exec failed rollback") == "PGRES_COMMAND_OK");
    CHECK(client.say("exec old select 4").find("57P01") != std::string::npos);
}

TEST_CASE("one that is being made is kept by what it will be") {
    Server server;
    for (const char* rule : {"app=keep*", "db=postgres", "user=postgres"}) {
        Program client({"client"},
                       {{"PQSWEEP_KEEP", rule}, {"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "never"}});
        CHECK(client.say("start kept application_name=keep_me") == "1");
        client.say("setenv PQSWEEP_TAG b");
        CHECK(client.say("drive kept") == "ok");
        client.say("setenv PQSWEEP_TAG c");
        CHECK(client.say("exec kept select 1") == "PGRES_TUPLES_OK 1");
    }
}

TEST_CASE("a connection belongs to the tag that used it last") {
    Server server;
    Program client({"client"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_GRACE", "1"}});
    client.say("open c");
    client.say("setenv PQSWEEP_TAG b");
    CHECK(client.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    client.say("setenv PQSWEEP_TAG c");
    CHECK(client.say("exec c select 2") == "PGRES_TUPLES_OK 2");
}

TEST_CASE("PQSWEEP_GRACE spares an idle connection for so many tag changes, and no other") {
    Server server;
    Program client({"client"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_GRACE", "2"}});
    client.say("open idle");
    client.say("open busy");
    client.say("exec busy begin");
    client.say("setenv PQSWEEP_TAG b");
    CHECK(server.is_clear_of(client.application(), "state like '%transaction'"));
    CHECK(server.backends(client.application()) == 1);
    client.say("setenv PQSWEEP_TAG c");
    CHECK(server.backends(client.application()) == 1);
    client.say("setenv PQSWEEP_TAG d");
    CHECK(server.is_clear_of(client.application()));
}

TEST_CASE("at the descriptor limit the sweep works all the same, running statements included") {
    for (const char* limit : {"soft", "hard"}) {
        CAPTURE(limit);
        Server server;
        Program program({"descriptor_limit", limit}, {{"PQSWEEP_TAG", "a"}});
        REQUIRE(program.read_line() == "full");
        CHECK(server.has(program.application(), 3));
        CHECK(program.say("change") == "changed");
        CHECK(server.is_clear_of(program.application()));
        CHECK(program.finish() == 0);
    }
}

TEST_CASE("a connection whose server was lost is no straggler") {
    Server server;
    Program client({"client"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "always"}});
    client.say("open c");
    server.ask("select pg_terminate_backend(" + client.say("backend c") + ")");
    CHECK(server.has(client.application(), 0));
    CHECK(client.say("exec c select 1").find("PGRES_FATAL_ERROR") != std::string::npos);
    client.say("setenv PQSWEEP_TAG b");
    client.finish();
    CHECK(client.errors().find("0 stragglers swept (0 idle, 0 in transaction, 0 running)\n"
                               "  1 connection opened under 1 tag, 0 abandoned") != std::string::npos);
}

TEST_CASE("PQSWEEP_GRACE=auto: what can't be restored, or listens, is swept after a whole further tag "
          "without use") {
    // Returns whether the connection has the server process that it had, when the tag has changed once before each use.
    auto is_open_after = [&](const char* statement, const std::vector<const char*>& uses) {
        Program client({"client"}, {{"PQSWEEP_TAG", "0"}});
        client.say("open c");
        std::string backend = client.say("exec c select pg_backend_pid()");
        client.say(std::string("exec c ") + statement);
        for (size_t i = 0; i < uses.size(); i++) {
            client.say("setenv PQSWEEP_TAG " + std::to_string(i + 1));
            if (*uses[i])
                client.say(uses[i]);
        }
        return client.say("exec c select pg_backend_pid()") == backend;
    };
    CHECK_FALSE(is_open_after("select 1", {""}));
    for (const char* statement : {"create temp table t(i int)", "listen x"}) {
        CAPTURE(std::string(statement));
        CHECK(is_open_after(statement, {""}));
        CHECK_FALSE(is_open_after(statement, {"", ""}));
        CHECK(is_open_after(statement, {"exec c select 1", ""}));
        CHECK(is_open_after(statement, {"consume c", ""}));
    }
    CHECK_FALSE(is_open_after("discard all", {""}));
}

TEST_CASE("a worker thread in a transaction goes on into the next tag; PQSWEEP_SETTLE bounds the wait") {
    Server server;
    for (bool settles : {true, false}) {
        CAPTURE(settles);
        Program program({"worker_thread"},
                        {{"PQSWEEP_TAG", "0"}, {"PQSWEEP_SETTLE", settles ? "2000" : "0"}});
        CHECK(program.read_line() == (settles ? "the worker never noticed" : "the worker failed"));
        CHECK(program.read_line() == "a long statement was cancelled");
        CHECK(program.finish() == 0);
    }
}

TEST_CASE("half-open connections outlive tags; a sweep on request ends them, also a blocked connect call") {
    Program program({"half_open"}, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "always"}});
    CHECK(program.read_line() == "both are connecting");
    CHECK(program.say("go on") == "both have failed");
    CHECK(program.finish() == 0);
    CHECK(program.errors().find("2 stragglers swept (0 idle, 0 in transaction, 2 running)") !=
          std::string::npos);
}

TEST_CASE("a cancel request to a server that does not answer ends in time") {
    Server server;
    Program program({"stalled_server"}, {{"PQSWEEP_TAG", "a"}});
    CHECK(program.read_line() == "a statement is running");
    auto before = std::chrono::steady_clock::now();
    CHECK(program.say("change") == "changed");
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(10));
    CHECK(program.finish() == 0);
}

TEST_CASE("PQSWEEP_DISABLE=1: nothing happens at all") {
    Server server;
    Program client({"client"},
                   {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_DISABLE", "1"}, {"PQSWEEP_REPORT", "always"}});
    client.say("open c");
    client.say("setenv PQSWEEP_TAG b");
    CHECK(client.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    client.say("finish c");
    CHECK(client.finish() == 0);
    CHECK(client.errors().empty());
}

// The server ignores a cancel that comes before it has read the statement.
TEST_CASE("a backend that gets to its statement only after it was cancelled") {
    Server server;
    for (const std::string& where : {std::string(), Server::tls()}) {
        CAPTURE(where);
        Program client({"client"}, {{"PQSWEEP_TAG", "a"}});
        CHECK(client.say("open c " + where) == "ok");
        CHECK(server.has(client.application(), 1));
        const std::string backend = server.ask("select pid from pg_stat_activity where application_name = '" +
                                               client.application() + "'");
        REQUIRE(kill(std::stoi(backend), SIGSTOP) == 0);
        client.say("send c select pg_sleep(60)");
        client.say("flush c");
        client.write_line("setenv PQSWEEP_TAG b");
        CHECK(eventually([&] { return is_pending(backend, SIGINT); }));
        std::this_thread::sleep_for(Milliseconds(20)); // for the second cancel, which comes 5 ms later
        kill(std::stoi(backend), SIGCONT);
        client.read_line();
        CHECK(server.is_clear_of(client.application()));
    }
}

TEST_SUITE_END();
