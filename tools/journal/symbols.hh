// Native frames of a call stack, as journals have them.
#pragma once

#include <string>

namespace pqsweep::tools {

// "/path/module+0x12ab" becomes "module function": the one at that address in the file that is there now, demangled.
// Where the file has gone or has no such symbol, the frame as it stands. What was read of a file is kept; not for
// two threads at once.
std::string symbolise(const std::string& frame);

} // namespace pqsweep::tools
