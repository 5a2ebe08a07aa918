// Native stack frames, made readable.
#pragma once

#include <string>

namespace pqsweep::tools {

// "path/of/module+0x12" -> "module function"; what it can't make readable is given back as it is.
std::string symbolise(const std::string& frame);

} // namespace pqsweep::tools
