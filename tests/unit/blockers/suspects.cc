#include "tools/blockers/suspects.hh"
#include "tools/blockers/verdict.hh"

#include <doctest/doctest.h>

using namespace pqsweep;
using namespace pqsweep::tools;

namespace {

Parties one(Activity activity, uint32_t uses) {
    Parties parties;
    SeenConnection connection{};
    connection.number = 1;
    connection.activity = activity;
    connection.backend = 7;
    connection.uses = uses;
    parties.add({.process = 1, .command = "client", .connection = connection});
    return parties;
}

bool is_due(Suspects& suspects, const Parties& parties, double now) {
    return !suspects.look(parties, now).empty();
}

Session session(const std::string& state, const std::string& wait_type, double in_state) {
    return {.pid = 1, .state = state, .wait_type = wait_type, .in_state = in_state};
}

} // namespace

TEST_SUITE_BEGIN("unit: blockers");

TEST_CASE("the server is asked about a connection that stands still, then again after twice the time") {
    Suspects suspects(10);
    Parties running = one(Activity::running, 1);
    CHECK(!is_due(suspects, running, 0));
    CHECK(!is_due(suspects, running, 9));
    CHECK(is_due(suspects, running, 10));
    CHECK(!is_due(suspects, running, 11));
    CHECK(is_due(suspects, running, 20));
    CHECK(!is_due(suspects, running, 39));
    CHECK(is_due(suspects, running, 40));
    running.each([&](const Party& party) {
        CHECK(suspects.stands_still(party, 41) == 41);
        suspects.ask_again(party, 41, 1);
    });
    CHECK(is_due(suspects, running, 42));
}

TEST_CASE("a connection that moves on is no suspect, and neither is an idle one") {
    Suspects suspects(10);
    for (uint32_t second = 0; second < 30; second++)
        CHECK(!is_due(suspects, one(Activity::running, second), second));
    for (uint32_t second = 30; second < 60; second++)
        CHECK(!is_due(suspects, one(Activity::idle, 30), second));
    CHECK(is_due(suspects, one(Activity::transaction, 30), 61));
}

TEST_CASE(
    "an idle connection with a session advisory lock is a suspect: who waits for it can be on no board") {
    Suspects suspects(10);
    Parties holder;
    one(Activity::idle, 1).each([&](Party party) {
        party.connection.holds_lock = true;
        holder.add(party);
    });
    CHECK(!is_due(suspects, holder, 0));
    CHECK(is_due(suspects, holder, 10));
}

TEST_CASE("a state that the server hides is as the board has it, unless a statement runs") {
    for (auto [activity, state] :
         {std::pair{Activity::transaction, "idle in transaction"}, std::pair{Activity::running, ""}}) {
        Waits waits{.sessions = {session("", "", 0)}};
        Parties parties;
        one(activity, 1).each([&](const Party& party) {
            waits.sessions[0].pid = party.connection.backend;
            waits.sessions[0].database = party.connection.database;
            waits.sessions[0].user = party.connection.user;
            parties.add(party);
        });
        fill_in_hidden_states(waits, parties, [](const Party&) { return 7; });
        CHECK(waits.sessions[0].state == state);
    }
}

TEST_CASE("a holder is forgotten if nobody has gone on with it for the whole time") {
    Wait relation{.waiter = 2, .lock = {.type = "relation"}},
        advisory{.waiter = 2, .lock = {.type = "advisory"}};
    CHECK(is_forgotten(session("idle in transaction", "Client", 5), relation, 0, 5));
    CHECK(is_forgotten(session("idle in transaction (aborted)", "Client", 5), relation, 0, 5));
    CHECK(!is_forgotten(session("idle in transaction", "Client", 4), relation, 9, 5));
    CHECK(!is_forgotten(session("active", "", 9), relation, 9, 5));
    CHECK(is_forgotten(session("active", "Client", 9), relation, 9, 5));
    CHECK(!is_forgotten(session("active", "Client", 9), relation, 4, 5)); // a COPY that goes on
    CHECK(is_forgotten(session("idle", "Client", 9), advisory, 0, 5));
    CHECK(!is_forgotten(session("idle", "Client", 9), relation, 0, 5));
    CHECK(!is_forgotten(session("", "", 9), relation, 9, 5));
}

TEST_SUITE_END();
