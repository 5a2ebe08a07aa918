// `pqsweep run --notice` and `--unblock`: a statement that waits for a lock of its own run.
#include "tests/support/home.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <algorithm>
#include <array>
#include <csignal>
#include <sys/wait.h>

using namespace pqsweep::tests;
namespace fs = std::filesystem;

namespace {

// Two connections of one program that `run` runs: `h`, which holds a lock, and `w`, which waits for it.
struct Run {
    explicit Run(const std::vector<std::string>& options, const Environment& environment = {},
                 const std::string& conninfo = "", const std::vector<std::string>& launcher = {})
        : journal(folder.path / "journal"),
          program(command(options, launcher), home.with(environment), Program::Shim::absent) {
        server.ask("drop table if exists waiting_cell");
        server.ask("create table waiting_cell (id int)");
        server.ask("insert into waiting_cell values (1)");
        server.ask("grant all on waiting_cell to public");
        program.say("setenv PQSWEEP_TAG holds");
        program.say("open h " + conninfo);
        program.say("open w " + conninfo);
    }
    std::vector<std::string> command(const std::vector<std::string>& options,
                                     const std::vector<std::string>& launcher) const {
        std::vector<std::string> all{"--journal", journal}, client = launcher;
        all.insert(all.end(), options.begin(), options.end());
        client.push_back(build_directory() + "/programs/client");
        return run_command(all, client);
    }
    // `h` is left in a transaction, in which it has read the table.
    void forget() {
        program.say("exec h begin");
        CHECK(program.say("exec h select * from waiting_cell") == "PGRES_TUPLES_OK 1");
    }
    bool is_waiting() { return is_locking("not granted"); }
    bool is_locked() { return is_locking("granted"); }
    bool is_locking(const std::string& how, const std::string& table = "waiting_cell") {
        return eventually([&] {
            return server.ask("select count(*) from pg_locks where " + how + " and relation = '" + table +
                              "'::regclass") != "0";
        });
    }
    size_t events() const {
        std::string text = text_of(journal);
        size_t count = 0;
        for (size_t at = 0; (at = text.find(R"("event":"wait")", at)) != text.npos; at++)
            count++;
        return count;
    }
    // What `run` printed, when the program has ended.
    const std::string& printed() {
        program.finish();
        return program.errors();
    }

    Home home;
    Folder folder{"waiting"};
    std::string journal;
    Server server;
    Program program;
};

size_t notices_in(const std::string& errors) {
    size_t count = 0;
    for (size_t at = 0; (at = errors.find("\npqsweep: ", at)) != errors.npos; at++)
        count += contains(errors.substr(at, errors.find('\n', at + 1) - at), " has waited ");
    return count;
}

} // namespace

TEST_SUITE_BEGIN("process: waiting");

TEST_CASE("--unblock ends the holder: the waiter goes on, the owner's error names it, all reports have it") {
    Run run({"--unblock", "1", "--fail-on", "blocked", "--report", "stragglers"});
    run.forget();
    CHECK(run.program.say("exec w drop table waiting_cell") == "PGRES_COMMAND_OK");
    std::string reply = run.program.say("exec h select 1");
    CAPTURE(reply);
    CHECK(contains(reply, " 57P01 "));
    CHECK(contains(reply, "pqsweep ended it because holds waited "));
    CHECK(contains(reply, " for AccessExclusiveLock on table waiting_cell"));
    CHECK(run.program.finish() == 1);
    const std::string& errors = run.program.errors();
    CAPTURE(errors);
    CHECK(contains(errors, "\npqsweep: holds has waited "));
    CHECK(contains(errors, "  pqsweep ends backend "));
    CHECK(contains(errors, "pqsweep: waited long for a lock:\n"));
    CHECK(contains(errors, "pqsweep: gate failed: 1 blocked; exit status 1\n"));
    CHECK(contains(text_of(run.journal), R"("did":"ended")"));
    CHECK(contains(text_of(run.journal), R"("reason":"holds waited )"));
    const std::string written = run.folder.path / "written";
    for (auto [form, text] : {std::pair<std::vector<std::string>, const char*>{
                                  {"--github"}, "title=pqsweep%3A waited long for a lock::holds waited "},
                              {{"--json"}, "\"lock\": \"AccessExclusiveLock on table waiting_cell\""},
                              {{"--html", written}, "<h2>Waited long for a lock</h2>"},
                              {{"--junit", written}, "message=\"waited long for a lock\""}}) {
        std::vector<std::string> command{"report", "--fail-on", "blocked", run.journal};
        command.insert(command.end(), form.begin(), form.end());
        Outcome report = pqsweep_command(run.home, command);
        CAPTURE(report.output);
        CHECK(report.status == 1);
        CHECK(contains(form.size() > 1 ? text_of(written) : report.output, text));
    }
}

TEST_CASE("a holder that no signal reaches is ended by the server") {
    Environment environment;
    std::vector<std::string> launcher;
    SUBCASE("there is none") {
        environment = {{"PQSWEEP_SIGNAL", "none"}};
    }
    SUBCASE("all threads block all signals") {
        launcher = {"/usr/bin/env", "--block-signal"};
    }
    Run run({"--unblock", "1"}, environment, "", launcher);
    run.forget();
    CHECK(run.program.say("exec w drop table waiting_cell") == "PGRES_COMMAND_OK");
    CHECK(contains(run.program.say("exec h select 1"), " bad"));
    CHECK(contains(run.printed(), "  pqsweep ends backend "));
}

TEST_CASE("holders that their program does not go on with: a COPY, rows, an advisory lock") {
    Run run({"--unblock", "1"});
    SUBCASE("a COPY") {
        CHECK(run.program.say("exec h copy waiting_cell from stdin") == "PGRES_COPY_IN");
        CHECK(run.program.say("exec w drop table waiting_cell") == "PGRES_COMMAND_OK");
        CHECK(contains(run.printed(), "copy that its program does not go on with for "));
    }
    SUBCASE("rows") {
        CHECK(run.program.say(
                  "send h select repeat('x', 9999) from waiting_cell, generate_series(1, 9999)") == "1");
        CHECK(run.is_locked());
        CHECK(run.program.say("exec w drop table waiting_cell") == "PGRES_COMMAND_OK");
        CHECK(contains(run.printed(), "select that its program does not go on with for "));
    }
    SUBCASE("an advisory lock") {
        run.program.say("exec h select pg_advisory_lock(8675309)");
        CHECK(run.program.say("exec w select pg_advisory_lock(8675309)") == "PGRES_TUPLES_OK ");
        const std::string& errors = run.printed();
        CAPTURE(errors);
        CHECK(contains(errors, ", idle for "));
        CHECK(contains(errors, "needs ExclusiveLock on advisory lock 8675309\n"));
    }
}

TEST_CASE("waits that name no relation are named by what they are") {
    Run run({"--unblock", "1"});
    run.program.say("exec h begin");
    CHECK(run.program.say("exec h update waiting_cell set id = 2") == "PGRES_COMMAND_OK");
    SUBCASE("a row") {
        CHECK(run.program.say("exec w update waiting_cell set id = 3") == "PGRES_COMMAND_OK");
        CHECK(contains(run.printed(), "needs a row of waiting_cell, until another transaction ends\n"));
    }
    SUBCASE("an index") {
        CHECK(run.program.say("exec w create index concurrently on waiting_cell (id)") == "PGRES_COMMAND_OK");
        const std::string& errors = run.printed();
        CAPTURE(errors);
        CHECK(contains(errors, ": create index concurrently\n"));
        CHECK(contains(errors, "needs the end of earlier transactions, to build an index of waiting_cell\n"));
    }
    SUBCASE("VACUUM") {
        CHECK(run.program.say("exec w vacuum full waiting_cell") == "PGRES_COMMAND_OK");
        CHECK(contains(run.printed(), ": vacuum full\n"));
    }
}

TEST_CASE("a synchronous standby, and the queue of NOTIFY") {
    Run run({"--notice", "1"});
    run.program.say("open w2");
    run.server.ask("alter system set synchronous_standby_names = 'nobody'");
    run.server.ask("select pg_reload_conf()");
    CHECK(eventually(
        [&] { return run.program.say("exec h show synchronous_standby_names") != "PGRES_TUPLES_OK "; }));
    run.server.ask("checkpoint"); // commits wait once the checkpointer has read the setting
    run.program.say("exec h begin");
    run.program.say("exec h notify waiting_channel");
    run.program.say("exec h insert into waiting_cell values (2)");
    CHECK(run.program.say("send h commit") == "1"); // has the queue, and waits for the standby
    CHECK(eventually([&] {
        return run.server.ask("select count(*) from pg_stat_activity where wait_event = 'SyncRep'") == "1";
    }));
    CHECK(run.program.say("send w notify waiting_channel") == "1");
    CHECK(eventually([&] { return run.events() == 2; }));
    run.server.ask("alter system reset synchronous_standby_names");
    run.server.ask("select pg_reload_conf()");
    CHECK(run.program.say("result w") == "PGRES_COMMAND_OK");
    const std::string& errors = run.printed();
    CAPTURE(errors);
    CHECK(contains(errors, "needs a synchronous standby to confirm its commit\n"));
    CHECK(contains(errors, "needs the queue of NOTIFY: commits that notify go one after the other\n"));
}

TEST_CASE("a prepared transaction holds the lock") {
    Run run({"--notice", "1", "--unblock", "1"});
    run.forget();
    CHECK(run.program.say("exec h prepare transaction 'left over'") == "PGRES_COMMAND_OK");
    run.program.write_line("exec w drop table waiting_cell");
    CHECK(eventually([&] { return run.events() > 0; }));
    run.server.ask("rollback prepared 'left over'");
    CHECK(run.program.read_line() == "PGRES_COMMAND_OK");
    const std::string& errors = run.printed();
    CAPTURE(errors);
    CHECK(contains(errors,
                   "  held by prepared transaction 'left over': COMMIT or ROLLBACK PREPARED ends it\n"));
    CHECK(!contains(errors, "pqsweep ends"));
}

TEST_CASE("a waiter that is on no board, behind an idle session with an advisory lock") {
    Run run({"--unblock", "1"});
    run.program.say("exec h select pg_advisory_lock(8675309)");
    Server other;
    other.ask("select pg_advisory_lock(8675309)");
    const std::string& errors = run.printed();
    CAPTURE(errors);
    CHECK(contains(errors, "needs ExclusiveLock on advisory lock 8675309\n"));
    CHECK(contains(errors, "pqsweep ends backend "));
}

TEST_CASE("a holder that works is named, and not ended") {
    Run run({"--notice", "1", "--unblock", "1"});
    run.forget();
    CHECK(run.program.say("send w drop table waiting_cell") == "1");
    REQUIRE(run.is_waiting());
    for (int i = 0; i < 6; i++)
        CHECK(run.program.say("exec h select pg_sleep(0.4)") == "PGRES_TUPLES_OK ");
    CHECK(run.program.say("exec h commit") == "PGRES_COMMAND_OK");
    CHECK(run.program.say("result w") == "PGRES_COMMAND_OK");
    CHECK(notices_in(run.printed()) == 1);
    CHECK(!contains(run.program.errors(), "pqsweep ends"));
}

TEST_CASE("a holder whose state the server hides from the waiter's role is named by its board, and ended") {
    Server server;
    server.ask("drop role if exists lowly");
    server.ask("create role lowly login");
    {
        Run run({"--notice", "1", "--unblock", "2"});
        run.forget();
        run.program.say("open v user=lowly");
        CHECK(run.program.say("exec v truncate waiting_cell") == "PGRES_COMMAND_OK");
        CHECK(contains(run.printed(), ", idle in transaction for "));
        CHECK(contains(run.program.errors(), "pqsweep ends"));
        server.ask("drop table waiting_cell");
    }
    server.ask("drop role lowly");
}

TEST_CASE("a holder that is none of the run's is named, and not ended") {
    Run run({"--notice", "1", "--unblock", "1"});
    Server other;
    other.ask("begin; lock table waiting_cell in share mode");
    run.program.write_line("exec w drop table waiting_cell");
    CHECK(eventually([&] { return run.events() > 0; }));
    other.ask("commit");
    CHECK(run.program.read_line() == "PGRES_COMMAND_OK");
    CHECK(contains(run.printed(), "    none of the run's: "));
    CHECK(!contains(run.program.errors(), "pqsweep ends"));
}

TEST_CASE("forty waiters behind one holder are one notice of at most 60 lines") {
    Run run({"--notice", "2", "--report", "never"});
    run.forget();
    for (int i = 0; i < 40; i++)
        run.program.say("open w" + std::to_string(i));
    for (int i = 0; i < 40; i++)
        run.program.say("send w" + std::to_string(i) + " truncate waiting_cell");
    CHECK(eventually([&] { return run.events() > 0; }));
    run.program.say("exec h commit");
    const std::string& errors = run.printed();
    CAPTURE(errors);
    CHECK(contains(errors, " more\n"));
    CHECK(notices_in(errors) == 1);
    CHECK(std::count(errors.begin(), errors.end(), '\n') <= 1 + 60);
}

TEST_CASE("there is no notice for a deadlock, nor for a waiter that gets its lock in time") {
    Run run({"--notice", "2", "--unblock", "2"});
    run.forget();
    SUBCASE("a deadlock, which PostgreSQL ends") {
        run.program.say("exec w set deadlock_timeout = '10ms'");
        run.program.say("exec w begin");
        run.program.say("exec w lock table pg_statistic");
        run.program.say("send h lock table pg_statistic");
        REQUIRE(run.is_locking("not granted", "pg_statistic"));
        CHECK(contains(run.program.say("exec w lock table waiting_cell"), " 40P01 "));
    }
    SUBCASE("in time") {
        CHECK(run.program.say("send w drop table waiting_cell") == "1");
        REQUIRE(run.is_waiting());
        CHECK(run.program.say("exec h select pg_sleep(1)") == "PGRES_TUPLES_OK ");
        CHECK(run.program.say("exec h commit") == "PGRES_COMMAND_OK");
        CHECK(run.program.say("result w") == "PGRES_COMMAND_OK");
    }
    CHECK(notices_in(run.printed()) == 0);
    CHECK(run.events() == 0);
}

TEST_CASE("waiters with a time-out of their own are left to it") {
    std::vector<std::string> options{"--unblock", "1"};
    SUBCASE("") {}
    SUBCASE("also if nothing is revived") {
        options.push_back("--no-revive");
    }
    Server server;
    server.ask("drop role if exists in_hurry");
    server.ask("create role in_hurry login");
    server.ask("alter role in_hurry set lock_timeout = '3s'");
    {
        Run run(options);
        run.forget();
        const std::vector<std::array<std::string, 2>> ways{
            {"options='-c lock_timeout=3s'", "begin"},
            {"user=in_hurry", "begin"},
            {"", "set statement_timeout = '3s'; begin"},
            {"", "begin; set local lock_timeout = '3s'"},
            {"", "begin; select set_config('lock_timeout', '3s', true)"}};
        for (size_t i = 0; i < ways.size(); i++) {
            const auto& [conninfo, before] = ways[i];
            std::string waiter = "w" + std::to_string(i);
            run.program.say("open " + waiter + " " + conninfo);
            run.program.say("exec " + waiter + " " + before);
            CHECK(run.program.say("send " + waiter + " lock table waiting_cell") == "1");
        }
        CHECK(
            contains(run.program.say("exec w begin; set local lock_timeout = '3s'; lock table waiting_cell"),
                     " 55P03 "));
        for (size_t i = 0; i < ways.size(); i++)
            CHECK(contains(run.program.say("result w" + std::to_string(i)),
                           contains(ways[i][1], "statement") ? " 57014 " : " 55P03 "));
        CHECK(run.program.say("exec h select 1") == "PGRES_TUPLES_OK 1");
        CHECK(!contains(run.printed(), "pqsweep ends"));
    }
    server.ask("drop role in_hurry");
}

TEST_CASE("a pooler in between: the notice says that it can't see through") {
    if (access("/usr/sbin/pgbouncer", X_OK) != 0)
        SKIP("pgbouncer is not installed");
    Folder folder("pgbouncer");
    Server server;
    std::string port = std::to_string(20000 + getpid() % 12000), file = folder.path / "ini";
    write_text(file, "[databases]\n* = user=postgres host=" + server.ask("show unix_socket_directories") +
                         " port=" + server.ask("show port") + "\n[pgbouncer]\nlisten_port = " + port +
                         "\nunix_socket_dir = " + folder.path.string() +
                         "\nauth_type = any\npool_mode = transaction\n");
    fs::permissions(folder.path, fs::perms::all);
    std::vector<std::string> command{"/usr/sbin/pgbouncer", "--quiet", file};
    if (geteuid() == 0)
        command.insert(command.begin() + 1, {"--user", "postgres"});
    Program pooler(command, {}, Program::Shim::absent);
    REQUIRE(eventually([&] { return fs::exists(folder.path / (".s.PGSQL." + port)); }));
    {
        Run run({"--notice", "1", "--unblock", "1"}, {},
                "user=postgres host=" + folder.path.string() + " port=" + port);
        run.forget();
        CHECK(
            contains(run.program.say("exec w begin; set local lock_timeout = '6s'; drop table waiting_cell"),
                     " 55P03 "));
        const std::string& errors = run.printed();
        CAPTURE(errors);
        CHECK(contains(errors, "\npqsweep: holds may wait for a lock, for "));
        CHECK(contains(errors, "  a pooler hides which session of the server is whose\n"));
        CHECK(contains(errors, "    opened by holds\n"));
        CHECK(!contains(errors, "pqsweep ends"));
    }
    kill(pooler.pid(), SIGTERM);
}

TEST_CASE("a server without a free slot is asked again later; the notice says what is known without it") {
    Server server;
    server.ask("drop role if exists few");
    server.ask("create role few login connection limit 2");
    {
        Run run({"--notice", "1", "--unblock", "1"}, {}, "user=few");
        server.ask("alter table waiting_cell owner to few");
        run.forget();
        run.program.write_line("exec w drop table waiting_cell");
        REQUIRE(run.is_waiting());
        std::string log;
        auto refusals = [&] {
            log += server.new_log();
            size_t count = 0;
            for (size_t at = 0; (at = log.find("too many connections for role", at)) != log.npos; at++)
                count++;
            return count;
        };
        CHECK(eventually([&] { return refusals() >= 3; })); // the first ones come before the notice is due
        server.ask("alter role few connection limit 3");
        CHECK(run.program.read_line() == "PGRES_COMMAND_OK");
        const std::string& errors = run.printed();
        CAPTURE(errors);
        CHECK(contains(errors, "\npqsweep: holds may wait for a lock, for "));
        CHECK(contains(errors, "too many connections for role \"few\"\n"));
        CHECK(contains(errors, "  a connection has been in a transaction for "));
        CHECK(contains(errors, "  pqsweep ends backend "));
    }
    server.ask("drop role few");
}

TEST_CASE("a database that could not be dropped is named at the end, with the run's connections") {
    Run run({"--notice", "0", "--report", "stragglers"});
    run.server.ask("drop database if exists waiting_scratch with (force)");
    run.server.ask("create database waiting_scratch");
    run.program.say("open c dbname=waiting_scratch");
    CHECK(contains(run.program.say("exec w drop database waiting_scratch"), " 55006 "));
    const std::string& errors = run.printed();
    CAPTURE(errors);
    CHECK(contains(
        errors, "pqsweep: database waiting_scratch could not be dropped: 1 connection of this run on it\n"));
    CHECK(contains(errors, ", opened by holds\n"));
    run.server.ask("drop database waiting_scratch with (force)");
}

TEST_CASE("--notice names waiter and holder once, and ends nothing") {
    Run run({"--notice", "1"});
    run.forget();
    run.program.write_line("exec w drop table waiting_cell");
    REQUIRE(run.is_waiting());
    CHECK(eventually([&] { return run.events() > 0; }));
    run.server.ask(
        "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and "
        "application_name = '" +
        run.program.application() + "'");
    CHECK(run.program.read_line() == "PGRES_COMMAND_OK");
    const std::string& errors = run.printed();
    CAPTURE(errors);
    CHECK(contains(errors, "\npqsweep: holds has waited "));
    CHECK(notices_in(errors) == 1);
    CHECK(!contains(errors, "pqsweep ends"));
}

// The conninfo names a host that does not reply first, and TLS.
TEST_CASE("the password gets in, and stands in no file, argument, environment or core of `run`") {
    Server server;
    server.ask("drop role if exists scram");
    server.ask("create role scram login password 'Geheim-4711'");
    {
        Folder folder("secret");
        std::string port = server.ask("show port");
        Run run({"--unblock", "1"}, {{"TMPDIR", folder.path}},
                "host=127.0.0.9,127.0.0.1 port=1," + port +
                    " user=scram password=Geheim-4711 sslmode=require");
        server.ask("alter table waiting_cell owner to scram");
        run.forget();
        CHECK(run.program.say("exec w drop table waiting_cell") == "PGRES_COMMAND_OK");
        std::string proc = "/proc/" + pid_of(run.program);
        CHECK(!contains(text_of(proc + "/environ"), "Geheim"));
        CHECK(!contains(text_of(proc + "/cmdline"), "Geheim"));
        for (const fs::path& root : {run.home.path(), folder.path, run.folder.path})
            for (const auto& entry : fs::recursive_directory_iterator(root))
                if (entry.is_regular_file())
                    CHECK(!contains(text_of(entry.path()), "Geheim"));
        const std::string& errors = run.printed();
        CAPTURE(errors);
        CHECK(contains(errors, "pqsweep ends"));
        CHECK(!contains(errors, "Geheim"));
    }
    server.ask("drop role scram");
}

TEST_SUITE_END();
