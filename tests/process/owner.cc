// The owner of a swept connection sees an error, or a revived connection, at its next use.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/server.hh"

#include <doctest/doctest.h>

using namespace pqsweep::tests;

namespace {

// Starts a client. A test opens its connection c under tag one; c does what `commands` say, and is
// swept.
struct Swept {
    explicit Swept(const std::vector<const char*>& commands, const std::string& conninfo = "")
        : client({"client"},
                 {{"PYTEST_CURRENT_TEST", "one.py::test_a[x, y] (call)"}, {"PQSWEEP_REVIVE", "0"}}) {
        client.say("open c " + conninfo);
        for (const char* command : commands)
            client.say(command);
        client.say("setenv PYTEST_CURRENT_TEST two.py::test_b (call)");
    }
    Program client;
};

void check_obituary(const std::string& answer) {
    CAPTURE(answer);
    CHECK(contains(answer, "PGRES_FATAL_ERROR 57P01 | FATAL:  terminating connection"));
    CHECK(contains(answer, "Opened under tag \"one.py\" by one.py::test_a[x, y] (call), closed "));
    CHECK(contains(answer, "when the tag changed to \"two.py\""));
    CHECK(contains(answer, "PQSWEEP_KEEP='tag=one.py'"));
}

// `libpqs` is how libpq's own message begins.
void check_reason(const std::string& message, const std::string& libpqs) {
    CAPTURE(message);
    CHECK(message.starts_with(
        "FATAL:  terminating connection: pqsweep closed it when its test module ended DETAIL:  Opened under "
        "tag \"one.py\" by one.py::test_a[x, y] (call), closed "));
    CHECK(contains(message, "when the tag changed to \"two.py\". HINT:  "));
    CHECK(contains(message, ". " + libpqs));
}

} // namespace

TEST_SUITE_BEGIN("process: owner");

TEST_CASE("PQexec: 57P01 with the whole story, then CONNECTION_BAD, and PQfinish works") {
    for (auto& [commands, words] : std::vector<std::pair<std::vector<const char*>, const char*>>{
             {{}, "while it was idle"},
             {{"exec c begin"}, "with a transaction open"},
             {{"exec c begin", "exec c oops"}, "with a failed transaction open"}}) {
        for (const char* exec : {"exec c select 1", "params1 c select 1"}) {
            Swept swept(commands);
            std::string answer = swept.client.say(exec);
            check_obituary(answer);
            CHECK(contains(answer, words));
            CHECK(answer.ends_with(" bad"));
            CHECK(swept.client.say("exec c select 1") == "none");
            CHECK(contains(swept.client.say("status c"), "bad"));
            CHECK(swept.client.say("finish c") == "ok");
            CHECK(swept.client.finish() == 0);
        }
    }
}

TEST_CASE("the HINT's PQSWEEP_KEEP exempts the connection") {
    Program client({"client"}, {{"PYTEST_CURRENT_TEST", "one.py::test_a"}, {"PQSWEEP_KEEP", "tag=one.py"}});
    client.say("open c");
    client.say("setenv PYTEST_CURRENT_TEST two.py::test_b");
    CHECK(client.say("exec c select 1") == "PGRES_TUPLES_OK 1");
}

TEST_CASE("the HINT for a fixture's connection names no test, since any test might be the first to need it") {
    Program client({"client"}, {{"PYTEST_CURRENT_TEST", "one.py::test_a (setup)"}, {"PQSWEEP_REVIVE", "0"}});
    client.say("open c");
    client.say("setenv PYTEST_CURRENT_TEST two.py::test_b (setup)");
    CHECK(contains(client.say("exec c select 1"), "PQSWEEP_KEEP='test=*(setup)'"));
}

TEST_CASE("asynchronous use: the result is 57P01, then nothing more, then CONNECTION_BAD") {
    for (bool nonblocking : {false, true}) {
        CAPTURE(nonblocking);
        Swept swept({nonblocking ? "nonblocking c" : "flush c"});
        CHECK(swept.client.say("send c select 1") == "1");
        CHECK(swept.client.say("flush c") == "0");
        swept.client.say("consume c");
        check_obituary(swept.client.say("result c"));
        CHECK(swept.client.say("result c") == "none");
        CHECK(contains(swept.client.say("status c"), "bad"));
        CHECK(swept.client.finish() == 0);
    }
}

TEST_CASE("a statement was running: its result is 57P01") {
    Swept swept({"send c select pg_sleep(60)", "flush c"});
    std::string answer = swept.client.say("result c");
    check_obituary(answer);
    CHECK(contains(answer, "while a statement was running"));
    CHECK(swept.client.say("result c") == "none");
    CHECK(contains(swept.client.say("status c"), "bad"));
}

TEST_CASE("in COPY from the client: the end of the copy is 57P01") {
    Server().ask("create table if not exists owner_copy(i int)");
    for (const std::string& where : {std::string(), Server::tls()}) {
        Swept swept({"exec c copy owner_copy from stdin", "put c 1"}, where);
        CHECK(swept.client.say("put c 2") == "1");
        CHECK(swept.client.say("putend c") == "1");
        check_obituary(swept.client.say("result c"));
        CHECK(swept.client.say("result c") == "none");
        CHECK(contains(swept.client.say("status c"), "bad"));
    }
}

TEST_CASE("in a pipeline: the first result is 57P01") {
    for (const std::string& where : {std::string(), Server::tls()}) {
        Swept swept({"pipeline c", "sendparams c select pg_sleep(60)", "sync c", "flush c"}, where);
        check_obituary(swept.client.say("result c"));
    }
}

TEST_CASE(
    "a stream that may be cut inside a message: the same 57P01; PQerrorMessage has libpq's own error, too") {
    Swept swept({"send c select repeat('x', 1000) from generate_series(1, 100000)", "single c", "result c",
                 "result c"});
    std::string answer;
    for (int i = 0; i < 200000 && !contains(answer, "FATAL_ERROR"); i++)
        answer = swept.client.say("result c");
    check_obituary(answer);
    check_reason(swept.client.say("message c"), "server closed the connection unexpectedly");
    CHECK(swept.client.say("finish c") == "ok");
    CHECK(swept.client.finish() == 0);
}

TEST_CASE("one that waits for notifications: a notice with the story, then CONNECTION_BAD at once") {
    Swept swept({"exec c listen x", "notices c"});
    CHECK(contains(swept.client.say("consume c"), "bad"));
    CHECK(swept.client.say("finish c") == "ok");
    CHECK(swept.client.finish() == 0);
    CHECK(contains(swept.client.errors(), "notice: FATAL:  terminating connection: pqsweep"));
}

TEST_CASE("large objects, whose functions are not wrapped") {
    Swept swept({});
    CHECK(contains(swept.client.say("lo c"), "0 bad FATAL:  terminating connection"));
    CHECK(swept.client.finish() == 0);
}

TEST_CASE("with TLS: the same 57P01; PQerrorMessage has libpq's own error, too") {
    for (auto& commands : std::vector<std::vector<const char*>>{
             {}, {"exec c begin"}, {"send c select pg_sleep(60)", "flush c"}}) {
        Swept swept(commands, Server::tls());
        check_obituary(swept.client.say(commands.size() == 2 ? "result c" : "exec c select 1"));
        CHECK(contains(swept.client.say("status c"), "bad"));
        check_reason(swept.client.say("message c"), ""); // OpenSSL's or libpq's words, as it comes
        CHECK(swept.client.say("exec c select 1") == "none");
        check_reason(swept.client.say("message c"), "no connection to the server");
        CHECK(swept.client.say("open d") == "ok");
        CHECK(contains(swept.client.say("exec d oops"), "42601 | ERROR:  syntax error"));
        CHECK(swept.client.say("finish c") == "ok");
        CHECK(swept.client.finish() == 0);
    }
}

TEST_CASE(
    "results are unread, which libpq drops: the next command meets the 57P01, or PQerrorMessage has it") {
    Server().ask("create table if not exists owner_copy(i int)");
    const char* sleep = "send c select pg_sleep(60)";
    const char* rows = "select repeat('x', 1000) from generate_series(1, 100000)";
    std::string send_rows = std::string("send c ") + rows;
    std::string copy_rows = std::string("exec c copy (") + rows + ") to stdout";
    for (const std::string& where : {std::string(), Server::tls()}) {
        for (auto& commands :
             std::vector<std::vector<const char*>>{{sleep},
                                                   {sleep, "consume c"},
                                                   {"exec c begin", sleep},
                                                   {send_rows.c_str(), "single c", "result c"},
                                                   {"exec c copy owner_copy from stdin", "put c 1"},
                                                   {copy_rows.c_str()}}) {
            for (auto& steps : std::vector<std::vector<const char*>>{{"exec c select 1"},
                                                                     {"consume c", "exec c select 1"},
                                                                     {"params1 c select 1"},
                                                                     {"prepare c select 1"},
                                                                     {"execute c"},
                                                                     {"describe c"},
                                                                     {"encoding c LATIN1"}}) {
                std::string last = commands.back(), next = steps.back(), answer;
                CAPTURE(where);
                CAPTURE(last);
                CAPTURE(next);
                Swept swept(commands, where);
                for (const char* step : steps)
                    answer = swept.client.say(step);
                bool has_result = answer != "none" && answer != "-1";
                if (where.empty() && last == sleep)
                    CHECK(has_result == (next != "encoding c LATIN1"));
                if (has_result)
                    check_obituary(answer);
                check_reason(swept.client.say("message c"), "");
                CHECK(contains(swept.client.say("status c"), "bad"));
                CHECK(swept.client.say("exec c select 1") == "none");
                CHECK(swept.client.finish() == 0);
            }
        }
    }
}

TEST_CASE("an event loop that reads for a statement meets a 57P01, over TLS, too") {
    for (const std::string& where : {std::string(), Server::tls()}) {
        Swept swept({"send c select pg_sleep(60)", "flush c"}, where);
        CHECK(swept.client.say("consume c").starts_with("1 "));
        CHECK(swept.client.say("busy c") == "0");
        check_obituary(swept.client.say("result c"));
        CHECK(swept.client.say("result c") == "none");
        CHECK(swept.client.say("busy c") == "0");
        CHECK(swept.client.say("consume c").starts_with("0 bad"));
    }
}

TEST_CASE("asking for its status or socket changes nothing") {
    Swept swept({});
    CHECK(swept.client.say("status c") == "ok");
    CHECK(swept.client.say("socket c") != "-1");
    check_obituary(swept.client.say("exec c select 1"));
}

TEST_SUITE_END();
