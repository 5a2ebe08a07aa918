// A libev loop has a standing reader of an idle connection. It hears nothing of the connection's sweep, whether it turns between the sweep
// and the next use or not, and hears the replies.
// link: -lpq -lev
#include "tests/programs/event_loop.hh"

#include <cstdio>
#include <cstdlib>
#include <ev.h>

namespace {

int heard = 0;

void read_input(struct ev_loop* loop, ev_io*, int) {
    heard++;
    ev_break(loop, EVBREAK_ONE);
}

void turn(struct ev_loop* loop, int times) {
    for (int i = 0; i < times; i++)
        ev_run(loop, EVRUN_NOWAIT);
}

} // namespace

int main() {
    PGconn* c = PQconnectdb("");
    struct ev_loop* loop = ev_default_loop(0);
    ev_io reader;
    ev_io_init(&reader, read_input, PQsocket(c), EV_READ);
    ev_io_start(loop, &reader);
    for (int turns : {3, 0, 3}) {
        setenv("PQSWEEP_TAG", turns ? "turning" : "standing still", 1);
        turn(loop, turns);
        printf("woken %d times, ", heard);
        std::string reply = ask(c, [&] {
            ev_run(loop, 0);
            return true;
        });
        puts(reply.c_str());
        heard = 0;
    }
    ev_io_stop(loop, &reader);
    PQfinish(c);
}
