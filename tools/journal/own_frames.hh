// Which of a native program's frames are its own: the user's code, and not that of libraries or of the test framework.
#pragma once

#include "tools/journal/symbols.hh"

namespace pqsweep::tools {

// Returns the program's own frames, the innermost first. Leaves out functions of libraries, of system headers and of test
// frameworks, and what called the framework. If no line is known, all functions of the program stay. If nothing of the
// program is left, all frames do.
std::vector<NativeFrame> own_frames(const std::vector<NativeFrame>& frames);

} // namespace pqsweep::tools
