// Suspects: the connections of a run that may wait for a lock, or may hold one that somebody waits for.
//
// A look at the boards can't tell a wait from a long statement. A connection that has not moved on for as long as a wait has to
// last is a suspect, and the server is asked about it: then, and again after twice the time, up to once a minute.
#pragma once

#include "tools/blockers/parties.hh"

#include <map>

namespace pqsweep::tools {

class Suspects {
public:
    // `patience`: seconds that a connection must not have moved on.
    explicit Suspects(double patience) : patience_(patience) {}

    // Takes one look; `now` in seconds. Returns those about whom the server is to be asked, and counts them as asked.
    std::vector<const Party*> look(const Parties& parties, double now);
    // The server is to be asked about it again in so many seconds.
    void ask_again(const Party& party, double now, double delay);
    // Returns for how many seconds the connection has not moved on, as far as the looks can tell.
    double stands_still(const Party& party, double now) const;

private:
    using Key = std::pair<pid_t, uint32_t>;
    struct Suspect {
        uint32_t uses;
        double since, next;
    };
    static Key key_of(const Party& party) { return {party.process, party.connection.number}; }

    double patience_;
    std::map<Key, Suspect> suspects_;
};

} // namespace pqsweep::tools
