// What kind of program a command is, as far as it decides whether a library can be preloaded into it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pqsweep::tools {

// The file that `command` names, looked for in PATH as execvp does.
std::optional<std::string> find_program(const std::string& command);

// The file, and where it is a script its interpreters, the last of which is what the kernel loads.
std::vector<std::string> interpreter_chain(const std::string& file);

// Why the loader would not preload us into that program, or nothing.
std::string obstacle(const std::string& file);

// Whether a program that is no user of the shared libpq has a copy of its own inside.
bool contains_libpq(const std::string& file);

} // namespace pqsweep::tools
