// Names the functions of native frames.
#pragma once

#include <string>

namespace pqsweep::tools {

// Turns "/path/module+0x12ab" into "module function", with the demangled function at that address in the file as it is
// now. Returns the frame unchanged if the file is gone or has no symbol there. Keeps each file's symbols in memory.
// Context: one thread at a time.
std::string symbolise(const std::string& frame);

} // namespace pqsweep::tools
