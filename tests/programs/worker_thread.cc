// A worker thread works in one transaction after the other while the tag changes. Then another thread waits for a statement
// that takes a minute, and the tag changes.
// link: -lpq -pthread
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

std::atomic<int> transactions;
std::atomic<bool> has_failed, is_over;

bool works(PGconn* c, const char* sql) {
    PGresult* result = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

bool is_sleeping(PGconn* observer, PGconn* c) {
    std::string pid = std::to_string(PQbackendPID(c));
    std::string sql = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and pid = " + pid;
    PGresult* result = PQexec(observer, sql.c_str());
    bool is = PQntuples(result) == 1;
    PQclear(result);
    return is;
}

// The statements are many and short, so that one often begins while the other thread is about to look at the tag that it has
// set.
void work() {
    PGconn* c = PQconnectdb("");
    for (; !is_over && !has_failed; transactions++) {
        has_failed = !works(c, "begin") || !works(c, "select pg_sleep(0.002)");
        for (int i = 0; i < 50 && !has_failed; i++)
            has_failed = !works(c, "select 1");
        has_failed = has_failed || !works(c, "commit");
    }
    PQfinish(c);
}

void change_tag() {
    static int number;
    setenv("PQSWEEP_TAG", std::to_string(++number).c_str(), 1);
}

} // namespace

int main() {
    std::thread worker(work);
    while (!transactions && !has_failed)
        usleep(1000);
    for (int changes = 0; changes < 50 && !has_failed; changes++) {
        int before = transactions;
        change_tag();
        while (transactions == before && !has_failed)
            usleep(300);
    }
    puts(has_failed ? "the worker failed" : "the worker never noticed");
    fflush(stdout);
    is_over = true;
    worker.join();

    PGconn* c = PQconnectdb("");
    std::thread sleeper(
        [&] { puts(works(c, "select pg_sleep(60)") ? "it ended" : "a long statement was cancelled"); });
    PGconn* observer = PQconnectdb("");
    while (!is_sleeping(observer, c))
        usleep(1000);
    PQfinish(observer);
    change_tag();
    sleeper.join();
    PQfinish(c);
}
