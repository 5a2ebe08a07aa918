// An event loop makes many connections at a time with PQconnectStart and PQconnectPoll, and a sweep on request comes during
// their handshakes. Each attempt ends, and the next one succeeds.
// link: -lpq
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <poll.h>
#include <string>
#include <vector>

namespace {

struct Attempt {
    PGconn* conn;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    bool is_over() const { return status == PGRES_POLLING_OK || status == PGRES_POLLING_FAILED; }
};

// Polls the connections that are ready. Returns false if none was for a minute.
bool turn(std::vector<Attempt>& attempts) {
    std::vector<pollfd> fds;
    for (const Attempt& a : attempts)
        fds.push_back({a.is_over() ? -1 : PQsocket(a.conn),
                       short(a.status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN), 0});
    if (poll(fds.data(), fds.size(), 60000) <= 0)
        return false;
    for (size_t i = 0; i < fds.size(); i++)
        if (fds[i].revents)
            attempts[i].status = PQconnectPoll(attempts[i].conn);
    return true;
}

} // namespace

int main(int, char** argv) {
    int made = 0, ended = 0;
    bool is_stuck = false;
    for (int turns = 0; turns < 8 && !is_stuck; turns++) {
        setenv("PQSWEEP_TAG", ("handshake " + std::to_string(turns)).c_str(), 1);
        std::vector<Attempt> attempts(10);
        for (Attempt& a : attempts)
            a.conn = PQconnectStart(argv[1]);
        // The sweep comes after that many turns of the loop, unless all are connected by then.
        auto is_over = [](const Attempt& a) { return a.is_over(); };
        for (int i = 0; !is_stuck && !std::all_of(attempts.begin(), attempts.end(), is_over); i++) {
            if (i == turns)
                raise(SIGRTMIN + 7);
            is_stuck = !turn(attempts);
        }
        for (Attempt& a : attempts) {
            (a.status == PGRES_POLLING_OK ? made : ended)++;
            PQfinish(a.conn);
        }
    }
    PGconn* last = PQconnectdb(argv[1]);
    printf("%s, %s, %s\n", is_stuck ? "stuck" : "all came to an end", ended ? "some swept" : "none swept",
           PQstatus(last) == CONNECTION_OK ? "the last one works" : PQerrorMessage(last));
    PQfinish(last);
}
