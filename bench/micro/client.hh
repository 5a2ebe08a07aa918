// The benchmarks that close connections share this: plain libpq, and an end with a reason if something can't be
// measured.
#pragma once

#include <chrono>
#include <cstdlib>
#include <errno.h>
#include <iostream>
#include <libpq-fe.h>
#include <string>

using Clock = std::chrono::steady_clock;

inline double microseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

[[noreturn]] inline void die(const std::string& reason) {
    std::cerr << program_invocation_short_name << ": " << reason << std::endl;
    exit(2);
}

inline std::string query(PGconn* conn, const std::string& sql) {
    PGresult* result = PQexec(conn, sql.c_str());
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
        die(PQerrorMessage(conn));
    std::string value = PQntuples(result) ? PQgetvalue(result, 0, 0) : "";
    PQclear(result);
    return value;
}

inline PGconn* connect(const std::string& conninfo) {
    PGconn* conn = PQconnectdb(conninfo.c_str());
    if (PQstatus(conn) != CONNECTION_OK)
        die(PQerrorMessage(conn));
    return conn;
}

// Looks at the connections of a round on the server, through a connection without a tag.
class Observer {
public:
    void await(size_t count, const std::string& state = "") const {
        std::string sql = "select count(*) from pg_stat_activity where application_name = '" + name_ + "'";
        if (!state.empty())
            sql += " and state = '" + state + "'";
        for (auto start = Clock::now(); query(conn_, sql) != std::to_string(count);)
            if (microseconds_since(start) > 10e6)
                die("not " + std::to_string(count) +
                    " connections; were they swept? bench/run preloads the shim");
    }
    void ask(const std::string& sql) const { query(conn_, sql); }
    PGconn* connect(const std::string& conninfo = "") const {
        return ::connect(conninfo + " application_name=" + name_);
    }

private:
    PGconn* conn_ = ::connect("application_name=observer");
    std::string name_ = "bench-" + std::to_string(PQbackendPID(conn_));
};
