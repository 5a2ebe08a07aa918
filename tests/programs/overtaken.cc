// The tag changes while another thread uses a swept connection, which reconnects it. The use succeeds, unless a change
// comes late enough to hit the statement.
// link: -lpq -pthread
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

bool works(PGconn* c) {
    PGresult* result = PQexec(c, "select 1");
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return ok;
}

void change_tag() {
    static int number;
    setenv("PQSWEEP_TAG", std::to_string(++number).c_str(), 1);
}

} // namespace

int main() {
    constexpr int times = 30;
    int good = 0;
    change_tag();
    for (int i = 0; i < times; i++) {
        PGconn* c = PQconnectdb("");
        change_tag();
        std::thread user([&] { good += works(c); });
        for (int changes = 0; changes < 3; changes++) {
            usleep(300);
            change_tag();
        }
        user.join();
        PQfinish(c);
    }
    puts(good > times / 2 ? "all well" : "overtaken");
}
