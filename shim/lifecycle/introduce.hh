// Introduce: sends to `pqsweep run` the parameters that a connection was made with. `run` connects with them to ask the
// server which backend waits for which.
//
// The private socket of `run` gets one datagram for each distinct set of parameters:
//
//     +-----------------+------------+----------------+--------------+-----
//     | the set's number| the run's  | keyword, NUL   | value, NUL   | ...
//     | 4 bytes         | name, NUL  |                |              |
//     +-----------------+------------+----------------+--------------+-----
//
// Nothing is written anywhere else. If a datagram can't be sent at once, a later connection sends it.
// Context: the owner thread, after a connect call has succeeded. errno: changed. Locks: none. Memory: libpq's.
#pragma once

#include "shim/real/libpqs.hh"

#include <cstdint>

namespace pqsweep::introduce {

// Returns the set's number, which does not depend on the password. 0: PQSWEEP_RUN_SOCKET is not set, or libpq is too old.
uint32_t connection(const Libpq& libpq, PGconn* conn);

} // namespace pqsweep::introduce
