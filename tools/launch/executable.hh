// Examines the files of programs and libraries: can that library be preloaded into that program?
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pqsweep::tools {

// Returns the file that `command` names, searched in PATH as execvp does; nothing if there is none.
std::optional<std::string> find_program(const std::string& command);

// Returns why find_program() returns nothing for it.
std::string why_not_found(const std::string& command);

// Returns the file and, if it is a script, its interpreters. The kernel loads the last one. A shell is the interpreter of a text
// without a "#!" line, as execvp has it. An interpreter that does not exist is the last.
std::vector<std::string> interpreter_chain(const std::string& file);

// Returns why the loader would not preload libpqsweep.so into that program, or nothing.
std::string obstacle(const std::string& file);

// Returns why no loader on this machine can load that library, or nothing. The loader itself is not asked.
std::string unfit(const std::string& library);

// Returns whether a libpq is in the file: it is one, or was linked to a static one.
bool contains_libpq(const std::string& file);

} // namespace pqsweep::tools
