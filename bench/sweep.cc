// What closing connections costs their client, by a tag change or by PQfinish.
//
//   sweep tag|finish     a round for every line `STATE COUNT` of standard input, STATE idle or transaction
//
// A round opens COUNT connections, closes them, and answers with two times in microseconds: until the client
// went on, and until the server had forgotten them.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <libpq-fe.h>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double cpu_microseconds() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e6 + double(time.tv_nsec) * 1e-3;
}

[[noreturn]] void die(const std::string& reason) {
    std::cerr << "sweep: " << reason << std::endl;
    exit(2);
}

std::string query(PGconn* conn, const std::string& sql) {
    PGresult* result = PQexec(conn, sql.c_str());
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
        die(PQerrorMessage(conn));
    std::string value = PQntuples(result) ? PQgetvalue(result, 0, 0) : "";
    PQclear(result);
    return value;
}

PGconn* connect(const std::string& name) {
    PGconn* conn = PQconnectdb(("application_name=" + name).c_str());
    if (PQstatus(conn) != CONNECTION_OK)
        die(PQerrorMessage(conn));
    return conn;
}

// The rounds' connections, as the server sees them through a connection that has no tag.
class Observer {
public:
    void await(size_t count, const std::string& state) {
        std::string sql = "select count(*) from pg_stat_activity where application_name = '" + name_ + "'";
        if (!state.empty())
            sql += " and state = '" + state + "'";
        for (auto start = Clock::now(); query(conn_, sql) != std::to_string(count);)
            if (microseconds_since(start) > 10e6)
                die("not " + std::to_string(count) +
                    " connections; were they swept? bench/run preloads the shim");
    }
    const std::string& name() const { return name_; }

private:
    PGconn* conn_ = connect("observer");
    std::string name_ = "bench-" + std::to_string(PQbackendPID(conn_));
};

void finish_all(const std::vector<PGconn*>& connections) {
    for (PGconn* conn : connections)
        PQfinish(conn);
}

void round(Observer& observer, bool by_tag, bool in_transaction, size_t count) {
    setenv("PQSWEEP_TAG", "opens", 1);
    std::vector<PGconn*> connections;
    while (connections.size() < count) {
        connections.push_back(connect(observer.name()));
        query(connections.back(), in_transaction ? "begin" : "select 1");
    }
    observer.await(count, in_transaction ? "idle in transaction" : "idle");

    double cpu_start = cpu_microseconds();
    auto start = Clock::now();
    if (by_tag)
        setenv("PQSWEEP_TAG", "sweeps", 1);
    else
        finish_all(connections);
    double client = microseconds_since(start);
    double cpu = cpu_microseconds() - cpu_start;
    observer.await(0, "");
    std::cout << client << ' ' << cpu << ' ' << microseconds_since(start) << std::endl;
    if (by_tag)
        finish_all(connections);
}

} // namespace

int main(int argc, char** argv) {
    std::string way = argc == 2 ? argv[1] : "";
    if (way != "tag" && way != "finish")
        die("tag or finish?");
    Observer observer;
    std::string state;
    size_t count = 0;
    while (std::cin >> state >> count)
        round(observer, way == "tag", state == "transaction", count);
}
