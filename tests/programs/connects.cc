// Each line of standard input names a way to connect, and a conninfo or database. The program connects that
// way and prints the server's process id or libpq's error. Everything stays open.
// link: -lpq
#include <cstdlib>
#include <iostream>
#include <libpq-fe.h>
#include <map>
#include <poll.h>
#include <string>
#include <vector>

namespace {

PGconn* drive(PGconn* conn) {
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (PQstatus(conn) != CONNECTION_BAD && status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        pollfd fd{PQsocket(conn), short(status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN), 0};
        poll(&fd, 1, 10000);
        status = PQconnectPoll(conn);
    }
    return conn;
}

PGconn* params(decltype(&PQconnectdbParams) function, const char* keyword, const char* value, int expand) {
    const char* keywords[] = {keyword, nullptr};
    const char* values[] = {value, nullptr};
    return function(keywords, values, expand);
}

PGconn* repeated(const char* dbname) {
    std::vector<const char*> keywords(99, "dbname"), values(99, dbname);
    keywords.push_back(nullptr);
    return PQconnectdbParams(keywords.data(), values.data(), 0);
}

const std::map<std::string, PGconn* (*)(const char*)> ways = {
    {"PQconnectdb", PQconnectdb},
    {"PQconnectStart", [](const char* text) { return drive(PQconnectStart(text)); }},
    {"PQconnectdbParams", [](const char* text) { return params(PQconnectdbParams, "dbname", text, 1); }},
    {"PQconnectStartParams",
     [](const char* text) { return drive(params(PQconnectStartParams, "dbname", text, 1)); }},
    {"PQsetdbLogin",
     [](const char* text) {
         return PQsetdbLogin(getenv("PGHOST"), getenv("PGPORT"), "-c work_mem=1MB", "", text,
                             getenv("PGUSER"), "not asked for");
     }},
    {"unexpanded", [](const char* text) { return params(PQconnectdbParams, "dbname", text, 0); }},
    {"application_name",
     [](const char* text) { return params(PQconnectdbParams, "application_name", text, 0); }},
    {"repeated", repeated},
};

} // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        size_t space = line.find(' ');
        PGconn* conn = ways.at(line.substr(0, space))(line.c_str() + space + 1);
        if (PQstatus(conn) == CONNECTION_OK)
            std::cout << PQbackendPID(conn) << std::endl;
        else
            std::cout << PQerrorMessage(conn) << std::flush;
    }
}
