// Measures the first statement on a swept connection, or on a fresh one.
//
//   revive swept|fresh     a round for every line `SESSION CONNINFO` of standard input, SESSION bare or full
//
// A round opens a connection, closes it by a tag change or by PQfinish, and waits until the server has forgotten it.
// Then it prints the microseconds until a statement has its result.
#include "bench/micro/client.hh"

#include <vector>

namespace {

const std::string settings = "set search_path to pg_catalog; set timezone to 'UTC'; set work_mem to '8MB';"
                             "set statement_timeout to '60s'; set lock_timeout to '5s';";

struct Statement {
    std::string name, sql;
};
const std::vector<Statement> statements = {
    {"one", "select $1::int + 1"},
    {"two", "select relname from pg_class where oid = $1::oid"},
    {"three", "select count(*) from pg_type where typname like $1::text"},
};

// Makes one call for each item, as programs do.
void fill_session(PGconn* conn) {
    query(conn, settings);
    for (const Statement& statement : statements)
        PQclear(PQprepare(conn, statement.name.c_str(), statement.sql.c_str(), 0, nullptr));
}

// Everything in one round trip.
void fill_session_at_once(PGconn* conn) {
    std::string sql = settings;
    for (const Statement& statement : statements)
        sql += "prepare " + statement.name + " as " + statement.sql + ";";
    query(conn, sql);
}

double first_statement(Observer& observer, bool is_swept, bool is_full, const std::string& conninfo) {
    setenv("PQSWEEP_TAG", "opens", 1);
    PGconn* conn = observer.connect(conninfo);
    if (is_full)
        fill_session(conn);
    query(conn, "select 1");
    if (is_swept)
        setenv("PQSWEEP_TAG", "sweeps", 1);
    else
        PQfinish(conn);
    observer.await(0);

    auto start = Clock::now();
    if (!is_swept) {
        conn = observer.connect(conninfo);
        if (is_full)
            fill_session_at_once(conn);
    }
    query(conn, "select 1");
    double time = microseconds_since(start);
    if (is_full && query(conn, "show lock_timeout") + query(conn, "execute one(1)") != "5s2")
        die("the session did not come back");
    PQfinish(conn);
    observer.await(0);
    return time;
}

} // namespace

int main(int argc, char** argv) {
    std::string way = argc == 2 ? argv[1] : "";
    if (way != "swept" && way != "fresh")
        die("swept or fresh?");
    Observer observer;
    std::string session, conninfo;
    while (std::cin >> session && std::getline(std::cin, conninfo))
        std::cout << first_statement(observer, way == "swept", session == "full", conninfo) << std::endl;
}
