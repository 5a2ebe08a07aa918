// Examines a program's file: can a library be preloaded into it?
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pqsweep::tools {

// Returns the file that `command` names, searched in PATH as execvp does; nothing if there is none.
std::optional<std::string> find_program(const std::string& command);

// Returns the file and, if it is a script, its interpreters. The kernel loads the last one.
std::vector<std::string> interpreter_chain(const std::string& file);

// Returns why the loader would not preload libpqsweep.so into that program, or nothing.
std::string obstacle(const std::string& file);

// Returns whether a libpq is in the file: it is one, or was linked to a static one.
bool contains_libpq(const std::string& file);

} // namespace pqsweep::tools
