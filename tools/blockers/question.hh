// Question: the SQL by which a server is asked who waits for whom. Its reply is one JSON text.
#pragma once

#include <string>

namespace pqsweep::tools {

// Works on servers from 9.6 on, with roles that see only their own sessions in full. `server_version` is as PQserverVersion
// returns it. Waits of other databases are left out: their relations have no names in this one.
std::string question(int server_version);

} // namespace pqsweep::tools
