// The owner of a swept idle connection uses it again: it works, and has its session.
#include "tests/support/files.hh"
#include "tests/support/shared_connection.hh"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

std::string server_directory() {
    const char* directory = getenv("PGHOST");
    return directory ? directory : "";
}

} // namespace

TEST_SUITE_BEGIN("process: revival");

TEST_CASE(
    "the next use works, on the same descriptor, over and over; between modules the server holds nothing") {
    std::string multi_host = "host=/nonexistent," + server_directory();
    for (const std::string& where : {std::string(), Server::tls(), multi_host}) {
        CAPTURE(where);
        Shared shared(where, {{"PQSWEEP_REPORT", "always"}});
        std::string number = shared.say("socket c");
        for (const char* use : {"exec c select 7", "params1 c select 7"}) {
            shared.sweep();
            CHECK(shared.say("status c") == "ok");
            CHECK(shared.say(use) == "PGRES_TUPLES_OK 7");
            CHECK(shared.say("socket c") == number);
            CHECK(shared.server.backends(shared.client.application()) == 1);
        }
        shared.sweep();
        CHECK(shared.say("send c select 8") == "1");
        CHECK(shared.say("result c") == "PGRES_TUPLES_OK 8");
        CHECK(shared.say("result c") == "none");
        CHECK(shared.say("finish c") == "ok");
        CHECK(shared.client.finish() == 0);
        CHECK(contains(shared.client.errors(), "3 stragglers swept (3 idle"));
        CHECK(contains(shared.client.errors(), "1 connection opened under 1 tag, 0 abandoned"));
        CHECK(contains(shared.client.errors(), "3 revived when they were used again, in "));
    }
}

TEST_CASE("descriptors that other threads open and close meanwhile, also behind another interposer") {
    for (const std::string& before : {std::string(), build_directory() + "/programs/libinterposer.so:"}) {
        CAPTURE(before);
        Environment environment{{"PQSWEEP_TAG", "a"}};
        if (!before.empty() && sanitizer_runtime().empty())
            environment["LD_PRELOAD"] = before + build_directory() + "/libpqsweep.so";
        Program program({"revival_race"}, environment);
        CHECK(program.finish() == 0);
        CHECK(program.output() == "all well\n");
        CHECK(program.errors() == "");
    }
}

TEST_CASE("passwords: SCRAM, also where only a file has it") {
    Server server;
    server.ask("create role scram login password 'secret'");
    fs::path file = fs::temp_directory_path() / ("pqsweep-pgpass-" + std::to_string(getpid()));
    std::ofstream(file) << "*:*:*:scram:secret\n";
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    for (const std::string& from : {std::string("password=secret"), "passfile=" + file.string()}) {
        CAPTURE(from);
        Shared shared("host=127.0.0.1 user=scram " + from);
        shared.sweep();
        CHECK(shared.say("exec c select current_user") == "PGRES_TUPLES_OK scram");
    }
    Program wrong({"client"}, {});
    CHECK(contains(wrong.say("open c host=127.0.0.1 user=scram password=wrong"), "bad"));
    fs::remove(file);
}

TEST_CASE("whatever starts work wakes it; to ask for what is known does not") {
    Shared shared;
    shared.say("prepare c select 1");
    for (const auto& wake : std::initializer_list<std::pair<const char*, const char*>>{
             {"describe c prepared", "PGRES_COMMAND_OK"},
             {"execute c prepared", "PGRES_TUPLES_OK 1"},
             {"encoding c LATIN1", "0"},
             {"lo c", "1 ok"},
             {"exec c copy (select 5) to stdout", "PGRES_COPY_OUT"}}) {
        CAPTURE(std::string(wake.first));
        shared.sweep();
        for (const char* question : {"status c", "socket c", "parameter c server_version", "transaction c",
                                     "notifies c", "backend c", "message c"})
            shared.say(question);
        CHECK(shared.server.backends(shared.client.application()) == 0);
        CHECK(shared.say(wake.first) == wake.second);
        CHECK(shared.server.backends(shared.client.application()) == 1);
    }
}

TEST_CASE("notice receivers and processors live on, and get nothing twice") {
    for (const char* kind : {"notices c", "receiver c"}) {
        CAPTURE(std::string(kind));
        Shared shared;
        shared.say(kind);
        shared.say("exec c set transaction isolation level serializable");
        shared.say("exec c set escape_string_warning = on; set standard_conforming_strings = off");
        shared.say("exec c prepare p as select '\\\\'");
        std::string before = shared.say("noticed c");
        CHECK(before == "2");
        shared.sweep();
        CHECK(shared.say("exec c execute p") == "PGRES_TUPLES_OK \\");
        CHECK(shared.say("noticed c") == before);
        shared.say("exec c do $$ begin raise notice 'here'; end $$");
        shared.client.finish();
        CHECK(contains(shared.client.errors(), "NOTICE:  here"));
    }
}

TEST_CASE("event procedures see what PQreset would show them") {
    Shared shared;
    CHECK(shared.say("events c") == "1");
    shared.say("exec c set work_mem = '3MB'");
    CHECK(shared.say("seen c") == "register create destroy ");
    shared.sweep();
    CHECK(shared.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    CHECK(shared.say("seen c").starts_with("reset "));
}

TEST_CASE("at the descriptor limit") {
    for (const char* limit : {"soft", "hard"}) {
        CAPTURE(limit);
        Program program({"descriptor_limit", limit}, {{"PQSWEEP_TAG", "a"}});
        REQUIRE(program.read_line() == "full");
        CHECK(program.say("change") == "changed");
        CHECK(program.say("use") == "revived at the same number");
    }
}

TEST_CASE("never in a child: it gets libpq's ordinary error, and the parent's is revived") {
    Program program({"revival_fork"}, {{"PQSWEEP_TAG", "a"}});
    CHECK(program.finish() == 0);
    CHECK(program.output() == "child: server closed the connection unexpectedly\nparent: 1\n");
}

TEST_CASE("silent where every straggler was revived") {
    Shared shared;
    shared.sweep();
    shared.say("exec c select 1");
    shared.say("finish c");
    CHECK(shared.client.finish() == 0);
    CHECK(shared.client.errors() == "");
}

TEST_CASE("a revived connection belongs to the tag that uses it") {
    Shared shared("", {{"PQSWEEP_GRACE", "1"}});
    shared.say("setenv PQSWEEP_TAG x");
    shared.sweep();
    CHECK(shared.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    shared.say("setenv PQSWEEP_TAG y");
    CHECK(shared.server.backends(shared.client.application()) == 1);
}

TEST_CASE("a COPY is over with its last result, also for a driver that takes only that one") {
    Server().ask("create table if not exists revival_copy(i int)");
    for (const std::string& where : {std::string(), Server::tls()}) {
        for (auto& [copy, outcome] : std::vector<std::pair<std::vector<const char*>, const char*>>{
                 {{"exec c copy revival_copy from stdin", "put c 1", "putend c"}, "PGRES_COMMAND_OK"},
                 {{"exec c copy revival_copy from stdin", "put c x", "putend c"}, "PGRES_FATAL_ERROR 22P02"},
                 {{"exec c copy (select 1) to stdout", "get c", "get c"}, "PGRES_COMMAND_OK"},
                 {{"exec c copy (select 1 / i from (values (1), (0)) v(i)) to stdout", "get c", "get c"},
                  "PGRES_FATAL_ERROR 22012"}}) {
            CAPTURE(where);
            std::string begins = copy[0];
            CAPTURE(begins);
            Shared shared(where);
            for (const char* command : copy)
                shared.say(command);
            CHECK(shared.say("result c").starts_with(outcome));
            // The server sends an error before it is idle.
            CHECK(shared.server.has(shared.client.application(), 1, "state = 'idle'"));
            shared.sweep();
            CHECK(shared.say("exec c select 7") == "PGRES_TUPLES_OK 7");
        }
    }
}

TEST_CASE("looking for input does not wake it, however often") {
    Shared shared;
    shared.sweep();
    for (int i = 0; i < 100; i++)
        CHECK(shared.say("consume c") == "1 ok");
    CHECK(shared.server.backends(shared.client.application()) == 0);
    CHECK(shared.say("exec c select 1") == "PGRES_TUPLES_OK 1");
}

TEST_CASE("one that listens is told at once") {
    Shared shared;
    shared.say("exec c listen x");
    shared.sweep();
    CHECK(contains(shared.say("consume c"), "0 bad"));
}

TEST_CASE("a pipeline, entered and idle, is one again") {
    Shared shared;
    CHECK(shared.say("pipeline c") == "1");
    shared.sweep();
    CHECK(shared.say("sendparams c select 5") == "1");
    CHECK(shared.say("sync c") == "1");
    CHECK(shared.say("result c") == "PGRES_TUPLES_OK 5");
    CHECK(shared.say("result c") == "none");
    CHECK(shared.say("result c") == "PGRES_PIPELINE_SYNC");
}

TEST_CASE("what can't come back is not faked: 57P01 with the reason") {
    auto check = [](const std::vector<const char*>& commands, const char* reason) {
        Shared shared;
        for (const char* command : commands)
            shared.say(command);
        shared.sweep();
        std::string answer = shared.say("exec c select 1");
        CAPTURE(answer);
        CHECK(contains(answer, "PGRES_FATAL_ERROR 57P01 | FATAL:  terminating connection"));
        CHECK(contains(answer, reason));
        CHECK(answer.ends_with(" bad"));
    };
    check({"exec c create temp table t(i int)"}, "temporary table");
    check({"exec c select pg_advisory_lock(1)"}, "advisory lock");
    check({"exec c prepare p as select pg_try_advisory_lock(1)", "exec c explain analyze execute p"},
          "advisory lock");
    check({"prepare c select pg_try_advisory_lock(1)", "exec c create table locked as execute prepared",
           "exec c drop table locked"},
          "advisory lock");
    check({"exec c create table locked(i int); insert into locked values (1); alter table locked add b bool "
           "default pg_try_advisory_lock(9); drop table locked"},
          "advisory lock");
    check({"exec c do $$ begin prepare p as select 1; end $$"}, "since \"do $$ begin prepare");
    check({"exec c declare x cursor with hold for select 1"}, "cursor WITH HOLD");
    check({"exec c listen x"},
          "it listened for notifications, and might have missed some, since \"listen x\"");
    check({"exec c begin"}, "with a transaction open");
    check({"exec c select 1; create temp table t(i int)"}, "since \"create temp table t(i int)\".");
    check({"exec c update pg_settings set setting = '5MB' where name = 'work_mem'"},
          "since \"update pg_settings");
    check({"exec c select 1", "exec c set search_path = pg_temp, public"},
          "not known for certain, since \"set search_path");
    check({"exec c prepare p as select setseed(0.5)", "exec c execute p"},
          "since \"prepare p as select setseed");
    check({"encoding c SJIS", "exec c select E'\x95\x5c'; set work_mem = '3MB'"}, "not known for certain");
    check({"send c set work_mem = '3MB'", "exec c select 1"}, "not known for certain");
}

TEST_CASE("no server: libpq's connect error, nothing leaks, and a later use tries again") {
    fs::path link = fs::temp_directory_path() / ("pqsweep-link-" + std::to_string(getpid()));
    fs::remove(link);
    fs::create_symlink(server_directory(), link);
    Shared shared("host=" + link.string());
    std::string descriptors = "/proc/" + std::to_string(shared.client.pid()) + "/fd";
    auto count = [&] { return std::distance(fs::directory_iterator(descriptors), fs::directory_iterator()); };
    auto before = count();
    shared.sweep();
    fs::remove(link);
    for (int i = 0; i < 3; i++) {
        CHECK(shared.say("exec c select 1") == "none");
        std::string message = shared.say("message c");
        CHECK(contains(message, "No such file or directory"));
        CHECK(contains(
            message,
            "pqsweep had closed the connection when its test module ended, and could not bring it back"));
        CHECK(shared.say("send c select 1") == "0");
        CHECK(count() == before - 1);
    }
    fs::create_symlink(server_directory(), link);
    CHECK(shared.say("exec c select 1") == "PGRES_TUPLES_OK 1");
    CHECK(count() == before);
    fs::remove(link);
}

TEST_CASE(
    "a server that lets nobody in any more, and one that does not reply: the owner reads both in time") {
    Server server;
    server.ask("create role passing login");
    Shared shared("user=passing");
    shared.sweep();
    server.ask("alter role passing nologin");
    CHECK(shared.say("exec c select 1") == "none");
    std::string message = shared.say("message c");
    CHECK(contains(message, "role \"passing\" is not permitted to log in"));
    CHECK(contains(message, "pqsweep had closed the connection"));
    server.ask("alter role passing login");
    CHECK(shared.say("exec c select current_user") == "PGRES_TUPLES_OK passing");

    Program program({"mute_server"}, {{"PQSWEEP_TAG", "a"}, {"PGCONNECT_TIMEOUT", "1"}});
    CHECK(program.read_line() == "the server did not reply in time");
    CHECK(program.read_line().starts_with("pqsweep had closed the connection when its test module ended"));
    CHECK(program.read_line() == "within PGCONNECT_TIMEOUT");
    CHECK(program.finish() == 0);
}

TEST_CASE("a server lost amid a revival, of which libpq's status tells nothing") {
    Server server;
    struct Seen {
        std::string answers;
        bool was_closed_in_time;
        bool operator==(const Seen&) const = default;
    };
    auto asked_twice = [](const std::vector<std::string>& what) {
        Program program(what, {{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REPORT", "always"}});
        CHECK(program.finish() == 0);
        CHECK(contains(program.errors(), "1 connection opened"));
        return Seen{program.output(),
                    contains(program.errors(), "\n  a                           1      1 ")};
    };
    CHECK(asked_twice({"revival_lost", "1"}) == Seen{"5MB\n5MB\n", true});
    CHECK(asked_twice({"revival_lost", "2"}) == Seen{"57P01\nnothing came back\n", false});
    CHECK(asked_twice({"revival_lost", "1", "gone"}) ==
          Seen{"nothing came back\nnothing came back\n", false});
}

TEST_CASE("a PGcancel from before a revival cancels after it, and one from before the program's own reset "
          "does not") {
    Program program({"old_cancel"}, {{"PQSWEEP_TAG", "a"}});
    CHECK(program.finish() == 0);
    CHECK(program.output() == "57014\nPGRES_TUPLES_OK\n");
}

TEST_CASE(
    "results that the server had sent and nobody has read: libpq reads them, and the session comes back") {
    for (const std::string& where : {std::string(), Server::tls()}) {
        auto swept = [&](int read) {
            auto shared = std::make_unique<Shared>(where);
            CHECK(shared->say("send c select set_config('work_mem', '3MB', false)") == "1");
            CHECK(
                shared->server.has(shared->client.application(), 1, "state = 'idle' and query like '%3MB%'"));
            for (int i = 0; i < read; i++)
                shared->say("result c");
            shared->sweep();
            return shared;
        };
        for (int read = 0; read < 3; read++) {
            CAPTURE(where);
            CAPTURE(read);
            CHECK(swept(read)->say("exec c show work_mem") == "PGRES_TUPLES_OK 3MB");
        }
        CAPTURE(where);
        auto shared = swept(0);
        CHECK(shared->say("result c") == "PGRES_TUPLES_OK 3MB");
        CHECK(shared->say("result c") == "none");
        CHECK(shared->say("exec c show work_mem") == "PGRES_TUPLES_OK 3MB");
    }
}

TEST_CASE("a result whose end nobody has read: what comes next does not undo it") {
    Shared shared;
    CHECK(shared.say("send c set work_mem = '4MB'") == "1");
    CHECK(shared.say("result c") == "PGRES_COMMAND_OK");
    CHECK(shared.say("exec c select 1/0").starts_with("PGRES_FATAL_ERROR 22012"));
    shared.sweep();
    CHECK(shared.say("exec c show work_mem") == "PGRES_TUPLES_OK 4MB");
}

TEST_CASE("an owner that has read all results after a sweep hears why its session is lost") {
    Shared shared;
    shared.say("exec c select pg_advisory_lock(1)");
    CHECK(shared.say("send c select 2") == "1");
    CHECK(shared.server.has(shared.client.application(), 1, "state = 'idle' and query = 'select 2'"));
    shared.sweep();
    CHECK(shared.say("result c") == "PGRES_TUPLES_OK 2");
    CHECK(shared.say("result c") == "none");
    CHECK(contains(shared.say("exec c select 3"), "57P01"));
}

TEST_CASE("PQSWEEP_REVIVE=0: it stays closed") {
    Shared shared("", {{"PQSWEEP_REVIVE", "0"}});
    shared.sweep();
    CHECK(contains(shared.say("exec c select 1"), "57P01"));
}

TEST_SUITE_END();
