// Watch: what `pqsweep run` does while its command runs. It looks at the boards once a second, asks the servers about the suspects,
// prints a notice for each wait that lasts, and ends the connections that nobody would go on with.
//
// It never blocks for long: a child process asks (inquiry.hh).
#pragma once

#include "tools/blockers/inquiry.hh"
#include "tools/blockers/introductions.hh"
#include "tools/blockers/suspects.hh"
#include "tools/blockers/tree.hh"
#include "tools/blockers/wait_event.hh"

#include <deque>
#include <memory>
#include <poll.h>
#include <tuple>

namespace pqsweep::tools {

class Watch {
public:
    struct Options {
        double notice = 10; // seconds; 0: never
        double unblock = 0; // seconds; 0: never
        bool is_wanted() const { return notice > 0 || unblock > 0; }
    };

    // `note` journals an event.
    Watch(Options options, std::string run, std::function<void(const WaitEvent&)> note);

    // For PQSWEEP_RUN_SOCKET: it stands on the boards of the run's processes. Empty if there is none, and nothing can be watched.
    const std::string& socket() const { return introductions_.path(); }
    // What act() is to be called for, besides once a second.
    void add_to(std::vector<pollfd>& watched) const;
    void act();

private:
    // A server, database and role to ask; its name is the number of a set that was handed over, or what the board says.
    using Target = std::tuple<uint32_t, std::string, int, std::string, std::string>;

    // A server process and 0; or, if the server can't be asked, a process of the run and the number of its connection.
    using Waiter = std::pair<int, uint32_t>;

    struct Noticed {
        double begun;
        bool is_printed = false, is_journaled = false;
    };

    static Target target_of(const SeenConnection& connection);
    Conninfo conninfo_of(const Target& target) const;
    std::vector<Process> processes() const;
    void look();
    void ask_next();
    void take_reply();
    void consider(const Tree& tree, const Waits& waits, const Parties& parties,
                  const std::vector<Process>& all);
    const Wait* impatient(const Tree& tree, const Waits& waits, const Parties& parties) const;
    std::vector<int> end_forgotten(const Tree& tree, const Wait& wait, const Waits& waits,
                                   const Parties& parties, const std::vector<Process>& all);
    void journal(const Tree& tree, const Wait* ended_for, const Waits& waits, const Parties& parties);
    void consider_unasked(const Waits& waits, const Parties& parties);
    double interest_in(const Wait& wait) const;
    bool has_lasted(const Wait& wait) const;
    Noticed& noticed(Waiter waiter, double waited);
    Noticed& noticed(const Wait& wait) { return noticed({wait.waiter, 0}, wait.waited); }
    bool has_just_ended(int backend) const;
    bool end(const Party& holder, const Process& process, const std::string& reason);
    WaitEvent event_of(const Tree& tree, const Wait& wait, const Waits& waits, const Parties& parties) const;
    double patience() const;

    Options options_;
    std::function<void(const WaitEvent&)> note_;
    Introductions introductions_;
    Suspects suspects_;
    double next_look_ = 0;
    std::deque<Target> to_ask_;
    Target asked_{};
    double asked_at_ = 0; // seconds
    std::unique_ptr<Inquiry> inquiry_;
    std::vector<std::unique_ptr<Inquiry>> terminations_;
    std::map<Waiter, Noticed> noticed_;
    std::map<int, double> ended_; // of a holder: when
};

} // namespace pqsweep::tools
