// A stand-in for what reads a result's error, and for no more of libpq.
#include <libpq-fe.h>

static char error[] = "the stand-in's error";

char* PQresultErrorMessage(const PGresult*) {
    return error;
}
char* PQresultErrorField(const PGresult*, int) {
    return error;
}
