// Notices: keeps from a program's notice receiver what the server says to a revival. The program has read it once, when its
// session was new.
//
// libpq returns the receiver of a connection, but not the receiver's argument. So the hook of PQsetNoticeReceiver notes both.
// Context: owner thread. errno: kept. Locks: none.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::notices {

// The program sets the receiver.
void note(const Table& table, const Connection& connection, PQnoticeReceiver function, void* argument);

// The program can have set it in the parent process, out of sight.
void note_unknown(const Table& table, const Connection& connection);

// Drops a connection's notices while it lives, unless the receiver is unknown. A jump out of libpq skips the end of that; the
// next Silence makes up for it.
class Silence {
public:
    Silence(const Table& table, const Connection& connection, PGconn* conn);
    ~Silence();
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

private:
    const Table& table_;
    const Connection& c_;
    PGconn* conn_;
    bool is_silent_ = false;
};

} // namespace pqsweep::notices
