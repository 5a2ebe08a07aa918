// Terminate at exit: when the process ends, sends a Terminate on each connection that is still open, as PQfinish would.
// Otherwise the server logs a complaint about each session that ends in a transaction, or with TLS.
//
// It leaves out a connection that a thread is using in libpq, one whose server is busy, and one whose socket a child
// process has, too: a daemon's parent must not end the session that its child goes on with.
#pragma once

#include "shim/real/libpqs.hh"
#include "shim/table/table.hh"

namespace pqsweep::terminate_at_exit {

// Notes that a TLS connection was made through that libpq. The first one registers an exit handler.
void expect_tls(const Libpq& libpq);

// The process is about to end. Context: any thread, also after all exit handlers and destructors have run.
void say_all(Table& table);

} // namespace pqsweep::terminate_at_exit
