// Reads a process's board. Anybody might have written its bytes: whatever they are, reading ends, stays within bounds, and
// yields text that is fit to print.
#pragma once

#include "shim/table/connections.hh"
#include "shim/table/table.hh"
#include "tools/text/utf8.hh"

#include <optional>
#include <string>
#include <vector>

namespace pqsweep::tools {

struct SeenConnection {
    uint32_t number; // counts what the process opened
    std::string tag; // current when it was opened, with the test
    std::string test;
    bool is_swept;
    Activity activity; // before its sweep, if it was swept
    std::string_view state() const { return is_swept ? "swept" : name_of(activity); }
    double age;  // seconds
    int backend; // the server process's id; 0: not yet known
    std::string database, user, host, application;
    int port;              // 0: not known
    std::string line;      // of the program that opened it, as "file:line function"
    std::string callers;   // of that line: " < file:line function < file:line"
    std::string last_test; // that used it
    bool has_timeout;  // a statement that waits too long ends by itself, because the session has set it so
    bool holds_lock;   // an advisory lock of the session
    uint32_t conninfo; // the number of what it was made with; 0: not handed over
    uint32_t uses;     // changes when the program moves it on
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
    std::string run_socket; // of the `pqsweep run` that watches the process
    std::string tag;        // the current one, or empty
    uint32_t live;
    uint32_t opened;
    int signal;
    Handler handler;
    std::vector<SeenConnection> connections; // open, or swept and not yet finished by their owner
    std::vector<SeenTag> tags;
};

// Why a file could not be read as a board. `identity` is set if another version of pqsweep made it.
struct NoBoard {
    std::string why;
    std::optional<board::Identity> identity;
};

// Returns nothing, and sets `no_board`, if `fd` can't be read as a board.
std::optional<Board> read_board(int fd, NoBoard& no_board);

} // namespace pqsweep::tools
