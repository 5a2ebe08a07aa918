// Measures the first statement on a swept connection, or on a fresh one.
//
//   revive swept|fresh     a round for every line `SESSION CONNINFO` of standard input, SESSION bare, full or many
//
// A round opens a connection, closes it by a tag change or by PQfinish, and waits until the server has forgotten it.
// Then it prints the microseconds until a statement has its result.
#include "bench/micro/client.hh"

#include <iterator>
#include <vector>

namespace {

struct Statement {
    std::string name, sql;
};

struct Session {
    std::string settings;
    std::vector<Statement> statements;
};

std::vector<Statement> prepared(size_t count) {
    const std::string texts[] = {"select $1::int + 1", "select relname from pg_class where oid = $1::oid",
                                 "select count(*) from pg_type where typname like $1::text"};
    std::vector<Statement> all;
    for (size_t i = 0; i < count; i++)
        all.push_back({"s" + std::to_string(i), texts[i % std::size(texts)]});
    return all;
}

Session session_of(const std::string& name) {
    const std::string settings =
        "set search_path to pg_catalog; set timezone to 'UTC'; set work_mem to '8MB';"
        "set statement_timeout to '60s'; set lock_timeout to '5s';";
    if (name == "bare")
        return {};
    if (name == "full")
        return {settings, prepared(3)};
    if (name == "many")
        return {settings, prepared(100)};
    die("bare, full or many?");
}

// Makes one call for each item, as programs do.
void fill(PGconn* conn, const Session& session) {
    if (!session.settings.empty())
        query(conn, session.settings);
    for (const Statement& statement : session.statements)
        PQclear(PQprepare(conn, statement.name.c_str(), statement.sql.c_str(), 0, nullptr));
}

// Everything in one round trip.
void fill_at_once(PGconn* conn, const Session& session) {
    std::string sql = session.settings;
    for (const Statement& statement : session.statements)
        sql += "prepare " + statement.name + " as " + statement.sql + ";";
    if (!sql.empty())
        query(conn, sql);
}

double first_statement(Observer& observer, bool is_swept, const Session& session,
                       const std::string& conninfo) {
    setenv("PQSWEEP_TAG", "opens", 1);
    PGconn* conn = observer.connect(conninfo);
    fill(conn, session);
    query(conn, "select 1");
    if (is_swept)
        setenv("PQSWEEP_TAG", "sweeps", 1);
    else
        PQfinish(conn);
    observer.await(0);

    auto start = Clock::now();
    if (!is_swept) {
        conn = observer.connect(conninfo);
        fill_at_once(conn, session);
    }
    query(conn, "select 1");
    double time = microseconds_since(start);
    bool has_settings = session.settings.empty() || query(conn, "show lock_timeout") == "5s";
    bool has_statements = session.statements.empty() || query(conn, "execute s0(1)") == "2";
    if (!has_settings || !has_statements)
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
        std::cout << first_statement(observer, way == "swept", session_of(session), conninfo) << std::endl;
}
