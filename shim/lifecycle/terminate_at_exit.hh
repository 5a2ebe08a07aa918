// The farewell: at the end of the process, what is still open gets a Terminate, as PQfinish would send it.
// Otherwise the server's log complains of every session that ends in a transaction, or with TLS.
//
// Only where the backend waits for us, no thread is inside libpq with the connection, and no child process
// has the socket too: a daemon's parent must not end the session that its child goes on with.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::terminate_at_exit {

// A first TLS connection was made through that libpq.
void expect_tls(const Libpq& libpq);

// The process is about to end. Safe in any thread, also after every exit handler and destructor has run.
void say_all(Table& table);

} // namespace pqsweep::terminate_at_exit
