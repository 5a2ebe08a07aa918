// Inquiry: asks the server what a session in doubt is, before a sweep ends it.
//
// A text does not show what a function of the program's, a DO or a CALL does to the session: it can set a tenant and a role, take a
// lock, make a temporary table. The server knows. So a sweep that ends such an idle connection sends it one query first, and keeps the
// reply. The owner thread reads the reply when it uses the connection again, and then knows the session for certain, or why it is
// lost.
//
//     the connection's word    none ──ask──▶ awaited ──the sweep has the reply──▶ here ──the owner takes it──▶ none
//                               ▲               │
//                               └───────────────┴── no reply in time, to the sweep or to the owner
//
// An owner that finds its connection swept waits while its reply is awaited, a second at most. Both change the word by a
// compare-and-swap, so one of them has the reply's memory.
//
// For example, `select login('acme')` does set_config('app.tenant', 'acme', false) and SET ROLE. The reply has both, because the
// query asks for each custom setting that a function of the database's or a text of the session's names.
//
// A server needs one to four milliseconds for a reply, and more if the database has thousands of functions that set something, or the
// machine is loaded. Each reply has a quarter of a second, and all replies to a sweep have three quarters; a server that was late once is
// not waited for again [slow_replies]. A session that is encrypted, or that a child process has, too, is never asked about, nor is any by
// a signal handler, or when that time is over: each has its second chance. It stays in doubt, and its owner gets an error, if the reply
// comes late or has more than 64 kB. A reply takes a mapping of that size until the owner thread uses or finishes the connection.
// errno: kept. Locks: none.
#pragma once

#include "shim/base/clock.hh"
#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep {

// An Inquiry asks for one sweep. Context: any thread, not a signal handler.
class Inquiry {
public:
    struct Reply;

    explicit Inquiry(Table& table) : table_(table) {}

    // Returns whether the server can be asked about the connection's session, and there is time left. Then it needs no second chance.
    bool can_ask(const Connection& connection) const;

    // Asks about a connection that was swept while it was idle. `copy`: of its socket. If it returns true, it has taken the copy, and
    // end() ends the connection's session.
    bool ask(Connection& connection, int copy);
    // Takes the replies, and ends the sessions of those that were asked.
    void end();

private:
    struct Asked {
        Connection* connection;
        Reply* reply;
        int copy; // of the socket
    };

    Table& table_;
    int64_t patience_ = 3 * second / 4; // what is left for all
    Asked asked_[8];                    // at a time
    size_t count_ = 0;
};

namespace inquiry {

// The following are the owner thread's.

// The connection's slot begins. In the child of a fork, it can have a reply to its parent.
void begin(const Table& table, const Connection& connection);

// Waits until a sweep has the server's reply, and gives the session what the reply says.
void take_account(Table& table, Connection& connection, const PGconn* conn);

// The session is over, or replaced by the program.
void forget(const Table& table, const Connection& connection);

} // namespace inquiry
} // namespace pqsweep
