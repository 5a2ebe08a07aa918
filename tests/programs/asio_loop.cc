// An Asio loop has a standing reader of an idle connection. It hears nothing of the connection's sweep, whether it turns between the sweep
// and the next use or not, and hears the replies.
// link: -lpq -pthread
#include "tests/programs/event_loop.hh"

#include <asio.hpp>
#include <cstdio>
#include <cstdlib>

namespace {

class Reader {
public:
    Reader(asio::io_context& loop, int fd) : socket_(loop, fd) { wait(); }
    ~Reader() { socket_.release(); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    int heard = 0;

private:
    void wait() {
        socket_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
            if (error)
                return;
            heard++;
            wait();
        });
    }

    asio::posix::stream_descriptor socket_;
};

} // namespace

int main() {
    PGconn* c = PQconnectdb("");
    asio::io_context loop;
    Reader reader(loop, PQsocket(c));
    for (int turns : {3, 0, 3}) {
        setenv("PQSWEEP_TAG", turns ? "turning" : "standing still", 1);
        for (int i = 0; i < turns; i++)
            loop.poll_one();
        printf("woken %d times, ", reader.heard);
        std::string reply = ask(c, [&] { return loop.run_one() == 1; });
        puts(reply.c_str());
        while (loop.poll_one() == 1) {
        }
        reader.heard = 0;
    }
    PQfinish(c);
}
