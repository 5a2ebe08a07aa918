// Parties: the connections on boards, found by the session of the server that each has. A pooler can give a connection a process
// id that no server has.
#pragma once

#include "tools/blockers/waits.hh"
#include "tools/live/processes.hh"

#include <functional>
#include <map>

namespace pqsweep::tools {

struct Party {
    pid_t process = 0;
    std::string command;
    SeenConnection connection;

    // The test that used the connection last; else the tag under which it was opened.
    std::string last_user() const;
    // The test that opened the connection; else the tag.
    std::string opener() const;
};

class Parties {
public:
    Parties() = default;
    explicit Parties(const std::vector<Process>& processes);

    void add(Party party);
    // Null for a session of somebody else. Backend, database and user have to agree.
    const Party* of(const Session& session) const;
    const Party* of(const Waits& waits, int backend) const;
    // Calls visit(const Party&) for all of them.
    template<class Visit>
    void each(Visit visit) const {
        for (const auto& [backend, party] : by_backend_)
            visit(party);
    }

private:
    std::multimap<int, Party> by_backend_;
};

// Fills in the states that the server hides from the role that asked, as the boards have them. A board can't tell a statement that
// works from one that waits for its program: that state stays hidden. `stands_still` returns for how many seconds a program has not
// moved its connection on; 0: not known.
void fill_in_hidden_states(Waits& waits, const Parties& parties,
                           const std::function<double(const Party&)>& stands_still);

} // namespace pqsweep::tools
