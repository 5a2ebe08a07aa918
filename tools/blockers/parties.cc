#include "tools/blockers/parties.hh"

namespace pqsweep::tools {

std::string Party::last_user() const {
    return !connection.last_test.empty() ? connection.last_test : connection.tag;
}

std::string Party::opener() const {
    return !connection.test.empty() ? connection.test : connection.tag;
}

Parties::Parties(const std::vector<Process>& processes) {
    for (const Process& process : processes)
        for (const SeenConnection& connection : process.board().connections)
            if (connection.activity != Activity::connecting && !connection.is_swept)
                add({process.pid(), process.command(), connection});
}

void Parties::add(Party party) {
    int backend = party.connection.backend;
    by_backend_.emplace(backend, std::move(party));
}

const Party* Parties::of(const Session& session) const {
    auto [first, last] = by_backend_.equal_range(session.pid);
    for (auto place = first; place != last; ++place) {
        const SeenConnection& c = place->second.connection;
        if (c.database == session.database && c.user == session.user)
            return &place->second;
    }
    return nullptr;
}

const Party* Parties::of(const Waits& waits, int backend) const {
    const Session* session = waits.session(backend);
    return session ? of(*session) : nullptr;
}

namespace {

// Returns the state's name in pg_stat_activity; empty for a state that a board can't be sure of.
std::string_view server_words_for(Activity activity) {
    switch (activity) {
    case Activity::idle:
        return "idle";
    case Activity::transaction:
        return "idle in transaction";
    case Activity::failed:
        return "idle in transaction (aborted)";
    default:
        return "";
    }
}

} // namespace

void fill_in_hidden_states(Waits& waits, const Parties& parties,
                           const std::function<double(const Party&)>& stands_still) {
    for (Session& session : waits.sessions) {
        const Party* party = session.state.empty() ? parties.of(session) : nullptr;
        if (!party)
            continue;
        session.state = server_words_for(party->connection.activity);
        session.in_state = stands_still(*party);
    }
}

} // namespace pqsweep::tools
