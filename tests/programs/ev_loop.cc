// A libev loop has a standing reader of an idle connection. It hears nothing of the connection's sweep, whether it turns between the sweep
// and the next use or not, and hears the replies.
// ev_loop signal: the sweep runs in a signal handler while the loop waits. A line on the standard input ends the waiting.
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

void read_line(struct ev_loop* loop, ev_io* input, int) {
    getchar();
    ev_io_stop(loop, input);
    ev_break(loop, EVBREAK_ONE);
}

void wait_for_line(struct ev_loop* loop) {
    ev_io input;
    ev_io_init(&input, read_line, 0, EV_READ);
    ev_io_start(loop, &input);
    puts("waiting");
    while (ev_is_active(&input))
        ev_run(loop, 0);
}

void turn(struct ev_loop* loop, int times) {
    for (int i = 0; i < times; i++)
        ev_run(loop, EVRUN_NOWAIT);
}

} // namespace

int main(int argc, char**) {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    PGconn* c = PQconnectdb("");
    struct ev_loop* loop = ev_default_loop(0);
    ev_io reader;
    ev_io_init(&reader, read_input, PQsocket(c), EV_READ);
    ev_io_start(loop, &reader);
    for (int turns : {3, 0, 3}) {
        if (argc > 1)
            wait_for_line(loop);
        else
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
