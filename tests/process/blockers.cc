// `pqsweep blockers`: who waits for whom, of processes that were started without `run`.
#include "tests/support/home.hh"
#include "tests/support/server.hh"

using namespace pqsweep::tests;

namespace {

// A client that has a transaction open on a table, and one that waits to drop it.
struct Blocked {
    explicit Blocked(const Environment& environment = {})
        : holder({"client"}, home.with(environment)),
          waiter({"client"}, home.with({{"PQSWEEP_TAG", "drops"}})) {
        server.ask("drop table if exists blocked_cell");
        server.ask("create table blocked_cell (id int)");
        holder.say("open h");
        holder.say("exec h begin");
        holder.say("exec h select * from blocked_cell");
        waiter.say("open w");
        waiter.write_line("exec w drop table blocked_cell");
        CHECK(eventually([&] {
            return server.ask("select count(*) from pg_locks where not granted and relation = "
                              "'blocked_cell'::regclass") == "1";
        }));
    }
    ~Blocked() {
        holder.say("exec h commit");
        waiter.read_line();
    }
    Home home;
    Server server;
    Program holder, waiter;
};

} // namespace

TEST_SUITE_BEGIN("process: blockers");

TEST_CASE("the waiter, its lock and the holder are named; the connection that asks is gone at once") {
    Blocked blocked(Environment{{"PQSWEEP_TAG", "holds"}});
    Outcome outcome = pqsweep_command(blocked.home, {"blockers"});
    CAPTURE(outcome.output);
    CAPTURE(outcome.errors);
    CHECK(outcome.status == 0);
    CHECK(contains(outcome.output, "pqsweep: drops has waited "));
    CHECK(contains(outcome.output, ", idle in transaction for "));
    CHECK(contains(outcome.output, "    opened by holds\n"));
    CHECK(contains(outcome.output, ": drop table\n      needs AccessExclusiveLock on table blocked_cell\n"));
    CHECK(blocked.server.is_clear_of("pqsweep"));

    Outcome as_json = pqsweep_command(blocked.home, {"blockers", "--json", pid_of(blocked.holder)});
    auto trees = nlohmann::json::parse(as_json.output);
    REQUIRE(trees.size() == 1);
    CHECK(trees[0]["waits"][0]["mode"] == "AccessExclusiveLock");
    CHECK(trees[0]["waits"][0]["relation"] == "blocked_cell");
    CHECK(trees[0]["sessions"][0]["tag"] == "holds");
    CHECK(trees[0]["sessions"][0]["pid"] == blocked.holder.pid());
}

TEST_CASE("a holder that is under no shim is named by what the server knows") {
    Home home;
    Server server, other;
    server.ask("drop table if exists blocked_cell");
    server.ask("create table blocked_cell (id int)");
    other.ask("begin; lock table blocked_cell in share mode");
    Program waiter({"client"}, home.with());
    waiter.say("open w");
    waiter.write_line("exec w drop table blocked_cell");
    Outcome outcome;
    CHECK(eventually([&] {
        outcome = pqsweep_command(home, {"blockers"});
        return contains(outcome.output, "none of the run's: ");
    }));
    CAPTURE(outcome.output);
    CHECK(contains(outcome.output,
                   "  held by backend " + other.ask("select pg_backend_pid()") + ", idle in transaction"));
    other.ask("commit");
    waiter.read_line();
}

TEST_CASE("nobody waits; there is no process; the server can't be asked") {
    Home home;
    CHECK(pqsweep_command(home, {"blockers"}).status == 1);
    Program client({"client"}, home.with());
    client.say("open c");
    Outcome idle = pqsweep_command(home, {"blockers"});
    CHECK(idle.status == 0);
    CHECK(idle.output == "none of them waits for a lock, and nobody for theirs\n");
    client.say("open d host=127.0.0.1 user=nobody_at_all");
    Server server;
    server.ask("drop role if exists scram");
    server.ask("create role scram login password 'Pa55'");
    client.say("open e host=127.0.0.1 user=scram password=Pa55");
    Outcome refused = pqsweep_command(home, {"blockers"});
    CAPTURE(refused.errors);
    CHECK(refused.status == 1);
    CHECK(contains(refused.errors, "database postgres, user scram: "));
    client.finish();
    server.ask("drop role scram");
}

TEST_SUITE_END();
