// Captures where in the program a connection is opened, down to the line, as PQSWEEP_STACKS asks.
//
//   connect hook ── Here ──▶ python::each_frame ──▶ Lines ──▶ of_this_call() ──▶ the connection's slot in the table
//                       └──▶ call_stack::note ───────────────────┘
//
// A Python program's origin is lines of its own files. Frames of the standard library and of installed packages (drivers,
// pools, the test runner) are left out. If there are no other frames, the innermost one stands for all.
#pragma once

#include "shim/table/origins.hh"

#include <string_view>

namespace pqsweep {

struct Table;
class Text;

namespace origin {

// Holds this thread's origin while it lives: from before a connect call until its connection has been noted. `caller` is
// the code that calls libpq.
//
// Context: the owner's thread, with no lock held; it can allocate. errno: kept. Locks: the loader's.
class Here {
public:
    Here(Table& table, const void* caller);
    ~Here();
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;
};

// Notes which line of the program made the pool that this thread's next connect call is for. The adapter of Python's pools
// reports it: see pool_line_in().
//
// Context: the owner's thread, with no lock held.
void note_pool(Table& table, std::string_view line);

// Returns the line that an adapter reports, or nothing. Its means is unsetenv("PQSWEEP_POOL_LINE db.py:7 make_engine"). There
// is no such variable, so the call leaves the environment as other threads read it.
std::string_view pool_line_in(const char* variable);

// Returns the origin of the connect call that this thread is in. All-zero bytes are an unknown one.
const Origin& of_this_call();

// Return the parts of a line: "file:line", the file and the function.
std::string_view place(std::string_view line);
std::string_view file(std::string_view line);
std::string_view function(std::string_view line);

// Writes where a connection was opened, in up to three lines: the line itself, its caller, and the outermost one of the
// test's file or, if there is none, of all: "db.py:16 connect < repo.py:21 __init__ < tests/test_users.py:8". A lone line is
// without its function. Names of files below the current folder are relative. The line that made the pool follows in brackets.
void append_chain(Text& out, const TextPool& names, const Origin& origin, std::string_view test);

// Returns that chain for the board: its first line is whole, since other programs read it in other folders.
TextId whole_chain(TextPool& names, const Origin& origin, std::string_view test);

} // namespace origin
} // namespace pqsweep
