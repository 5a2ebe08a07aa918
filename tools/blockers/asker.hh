// Asker: one connection to a server, for one question. pqsweep-asker makes it (tools/asker): the pqsweep command itself is a static
// file, which can load no libpq.
//
// The connection is closed as soon as the reply is there: held open, it would make the suite's own DROP DATABASE fail.
#pragma once

#include "tools/blockers/conninfo.hh"

#include <chrono>
#include <functional>
#include <string>

namespace pqsweep::tools::asker {

// Returns a file to load if the system has no libpq; it can be empty.
using OtherLibpq = std::function<std::string()>;
using Deadline = std::chrono::steady_clock::time_point;

// Returns the JSON that question() asks for, or {"error": ...}.
// Context: any process without threads. Blocks until `deadline` at most.
std::string ask(const Conninfo& conninfo, const OtherLibpq& other, Deadline deadline);

// Ends a server process with pg_terminate_backend, if it still serves that user and database and is not working.
// Returns whether it did.
bool terminate(const Conninfo& conninfo, int backend, const OtherLibpq& other, Deadline deadline);

} // namespace pqsweep::tools::asker
