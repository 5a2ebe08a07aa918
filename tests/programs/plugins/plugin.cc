// A plugin brings its own dependency on libpq, as a language's driver module does.
// link: -lpq
#include <libpq-fe.h>

extern "C" const char* plugin_answer(const char* conninfo, int then_change, int (*change)()) {
    static char answer[256];
    PGconn* c = PQconnectdb(conninfo);
    if (PQstatus(c) == CONNECTION_OK && then_change)
        change();
    PGresult* result = PQstatus(c) == CONNECTION_OK ? PQexec(c, "select 1") : nullptr;
    const char* text = result ? PQresultErrorMessage(result) : PQerrorMessage(c);
    int i = 0;
    for (; text[i] && i < 255; i++)
        answer[i] = text[i];
    answer[i] = 0;
    PQclear(result);
    PQfinish(c);
    return answer;
}
