// Origins: where in the program a connection is opened, down to the line, as PQSWEEP_STACKS asks.
//
// Of a Python program, the lines of its own files: frames of the standard library and of what is installed beside it
// (drivers, pools, the test runner) are left out, unless there is nothing else; then the innermost one stands for all.
// All-zero bytes are an unknown origin.
#pragma once

#include "shim/table/origins.hh"

#include <string_view>

namespace pqsweep {

struct Table;

namespace origin {

// Made before a connect call and kept until its connection has been noted, no lock being held: the program's files
// are looked for with the loader's lock, and memory may be allocated. `caller` is the code that calls libpq. Keeps
// errno.
class Here {
public:
    Here(Table& table, const void* caller);
    ~Here();
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;
};

// Of the connect call that this thread is in.
const Origin& of_this_call();

// "file:line" of a line.
std::string_view place(std::string_view line);

// How much a Python file says about who opened a connection.
enum class Says : uint8_t { most, little, least };
Says says(std::string_view file);

} // namespace origin
} // namespace pqsweep
