// For the suites in C++: connects, never closes, and tells whether the server serves nobody else of the program's.
#pragma once

#include <libpq-fe.h>
#include <string>

inline bool is_alone() {
    PGconn* conn = PQconnectdb("");
    PGresult* result = PQexec(conn, "select alone()");
    bool answer = PQntuples(result) == 1 && std::string(PQgetvalue(result, 0, 0)) == "t";
    PQclear(result);
    return answer;
}
