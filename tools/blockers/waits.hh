// Waits: what one server reports about the sessions that wait for locks, and about the sessions that hold them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pqsweep::tools {

// A server process and its state. A time is in seconds. Text that the server hides from the role is empty.
struct Session {
    int pid = 0;
    std::string database{}, user{}, application{}, address{};
    std::string state{};      // as in pg_stat_activity: active, idle, idle in transaction, ...
    std::string wait_type{};  // wait_event_type
    std::string wait_event{}; //
    std::string statement{};  // the keywords that the current or latest statement begins with
    double in_state = 0;      // since state_change; 0: not known
    double in_statement = 0;

    bool is_idle() const { return state == "idle"; }
    bool is_in_transaction() const { return state.starts_with("idle in transaction"); }
    // The server waits for the program: to send more of a COPY, or to take rows.
    bool waits_for_client() const { return state == "active" && wait_type == "Client"; }
};

struct Lock {
    std::string type{};     // locktype of pg_locks; for other waits, the wait event
    std::string mode{};     // empty: not a lock of pg_locks
    std::string relation{}; // the relation concerned, as far as known
    std::string key{};      // of an advisory lock
    std::string database{}; // that the lock is on, if it is on a database

    // "AccessExclusiveLock on table cell" and the like.
    std::string words() const;
};

struct Wait {
    int waiter = 0;
    std::vector<int> holders{}; // 0: a prepared transaction
    Lock lock{};
    double waited = 0;
};

struct Waits {
    std::string error{}; // why the server could not be asked; empty: it could
    bool is_pooled =
        false; // a pooler stands between: the sessions of the server are not those of the programs
    bool has_timeout =
        false; // a session that is made like the asking one has a lock_timeout or statement_timeout
    std::vector<Session> sessions{};
    std::vector<Wait> waits{};
    std::vector<std::string>
        prepared{}; // gids of the prepared transactions that hold a lock somebody waits for

    const Session* session(int pid) const;
};

// Reads the server's reply to question().
Waits read_waits(std::string_view json);

} // namespace pqsweep::tools
