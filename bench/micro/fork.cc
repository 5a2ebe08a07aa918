// Measures a fork of a process that has one connection.
//
//   fork COUNT     for every line of standard input, COUNT times: a child that ends at once, and the wait for its end
//
// Prints the microseconds for each.
#include "bench/micro/client.hh"

#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
    int count = argc == 2 ? atoi(argv[1]) : 0;
    if (count < 1)
        die("a number is missing: how many times?");
    PGconn* conn = connect("");
    for (std::string line; std::getline(std::cin, line);) {
        Clock::time_point start = Clock::now();
        for (int i = 0; i < count; i++) {
            pid_t child = fork();
            if (child == 0)
                _exit(0);
            if (child < 0 || waitpid(child, nullptr, 0) != child)
                die("no child");
        }
        std::cout << microseconds_since(start) / count << std::endl;
    }
    PQfinish(conn);
}
