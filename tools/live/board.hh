// What a process's board says. Its bytes may be anybody's: whatever they are, reading them ends, stays within
// bounds, and yields text that may be printed.
#pragma once

#include "shim/table/connections.hh"
#include "shim/table/table.hh"
#include "tools/text/utf8.hh"

#include <optional>
#include <string>
#include <vector>

namespace pqsweep::tools {

struct SeenConnection {
    uint32_t number; // of all that the process opened
    std::string tag; // that opened it, and the test
    std::string test;
    bool is_swept;
    Activity activity; // before its sweep, if it was swept
    std::string_view state() const { return is_swept ? "swept" : name_of(activity); }
    double age;  // seconds
    int backend; // the server process's id; 0: not yet known
    std::string database, user, host, application;
    int port;              // 0: not known
    std::string line;      // of the program that opened it, as "file:line function"
    std::string last_test; // that used it
    uint32_t conninfo;     // the number of what it was made with; 0: not handed over
    uint32_t uses;         // changes when the program moves it on
};

struct SeenTag {
    std::string name;
    uint32_t opened, closed;
    ByActivity<uint32_t> swept;
    uint32_t peak;
};

struct Board {
    board::Identity identity;
    std::string program;
    std::string run; // PQSWEEP_RUN
    std::string tag; // the current one; "": none
    uint32_t live;
    uint32_t opened;
    int signal;
    Handler handler;
    std::vector<SeenConnection>
        connections; // that are open, or were swept and not yet finished by their owner
    std::vector<SeenTag> tags;
};

// Why there is none to be had: it is no board, or of another layout. (Identity::pid and the like are then set all the
// same, where they are there.)
struct NoBoard {
    std::string why;
    std::optional<board::Identity> identity;
};

// Reads all of `fd`. Null and `no_board` where it is none.
std::optional<Board> read_board(int fd, NoBoard& no_board);

} // namespace pqsweep::tools
