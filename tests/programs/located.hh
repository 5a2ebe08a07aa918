// Opens a connection in a function that is inlined into its caller, for tests that look for both lines.
#pragma once

#include <cstdlib>
#include <libpq-fe.h>

class Database {
public:
    [[gnu::always_inline]] Database() : connection_(PQconnectdb("")) {} // opens
    bool is_open() const { return PQstatus(connection_) == CONNECTION_OK; }

private:
    PGconn* connection_; // left open
};

// Ends the tag, so that what the test left open is swept.
inline void end_test() {
    setenv("PQSWEEP_TAG", "none", 1);
}
