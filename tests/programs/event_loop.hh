// An event loop's way to make a query: it sends the text, and reads when it hears that there is input.
#pragma once

#include <libpq-fe.h>
#include <string>

// Sends a query. Returns its result when wait_for_input() has said often enough that there is input, else the trouble.
template<class Wait>
std::string ask(PGconn* c, Wait wait_for_input) {
    if (!PQsendQuery(c, "select 'heard'"))
        return PQerrorMessage(c);
    while (PQflush(c) == 1) {
    }
    std::string reply;
    for (;;) {
        while (!PQisBusy(c)) {
            PGresult* result = PQgetResult(c);
            if (!result)
                return reply;
            reply = PQntuples(result) ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result);
            PQclear(result);
        }
        if (!wait_for_input())
            return "not heard";
        PQconsumeInput(c);
    }
}
