// Bystanders: files and sockets that have nothing to do with libpq. They are opened and closed all the time, so that
// they get the numbers that connections had a moment ago. No sweep may ever hit one.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace pqsweep::chaos {

class Bystanders {
public:
    explicit Bystanders(unsigned seed) : random_(seed) {}
    ~Bystanders();
    Bystanders(const Bystanders&) = delete;
    Bystanders& operator=(const Bystanders&) = delete;

    // Opens, closes or checks one. Reports a violation.
    void step();

private:
    struct Pair {
        const char* what;
        int ends[2];
    };
    struct File {
        int fd;
        std::string content;
    };
    void open_pair();
    void open_file();
    void check(const Pair& pair);
    static void check(const File& file);

    std::mt19937 random_;
    std::vector<Pair> pairs_;
    std::vector<File> files_;
};

} // namespace pqsweep::chaos
