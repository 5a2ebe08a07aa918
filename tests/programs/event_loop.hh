// An event loop's way to make a query: it sends the text, and reads when it hears that there is input.
#pragma once

#include <libpq-fe.h>
#include <string>

// Sends a query. Returns its result when wait_for_input() has said often enough that there is input, else the trouble.
template<class Wait>
std::string ask(PGconn* c, Wait wait_for_input, const char* query = "select 'heard'") {
    if (!PQsendQuery(c, query))
        return PQerrorMessage(c);
    while (PQflush(c) == 1) {
    }
    std::string reply;
    for (;;) {
        while (!PQisBusy(c)) {
            PGresult* result = PQgetResult(c);
            if (!result)
                return reply;
            bool is_done = PQresultStatus(result) == PGRES_COMMAND_OK;
            reply = PQntuples(result) ? PQgetvalue(result, 0, 0)
                    : is_done         ? PQcmdStatus(result)
                                      : PQresultErrorMessage(result);
            PQclear(result);
        }
        if (!wait_for_input())
            return "not heard";
        PQconsumeInput(c);
    }
}
