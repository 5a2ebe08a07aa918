// Introduce: hands what a connection was made with to `pqsweep run`, which asks the server with it who waits for whom.
//
// The private socket of `run` gets one datagram for each distinct set: the set's number, four bytes; the run's name; keywords
// and values. Each text has its NUL. Nothing is written anywhere else. A datagram that can't be sent at once is sent for a later connection.
// Context: the owner thread, after a connect call has succeeded. errno: changed. Locks: none. Memory: libpq's.
#pragma once

#include "shim/real/libpqs.hh"

#include <cstdint>

namespace pqsweep::introduce {

// Returns the set's number, which no password goes into. 0: PQSWEEP_RUN_SOCKET is not set, or libpq is too old.
uint32_t connection(const Libpq& libpq, PGconn* conn);

} // namespace pqsweep::introduce
