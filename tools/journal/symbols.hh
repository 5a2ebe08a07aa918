// Names the functions and lines of native calls, by the symbols and the debugging information of the files that ran.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pqsweep::tools {

// A function that was running, or that the compiler put into one. What is not known is empty or 0.
struct NativeFrame {
    std::string module; // path of the program or library
    std::string file;   // of the source
    int line = 0;
    std::string function; // with its scopes, without parameters and template arguments
};

// Returns the functions around "build-id /path/module+0x12ab", the innermost first: the one at that address, behind those
// that are inlined there. "build-id " can be left out. Looks into the module's file as it is now, if that has the build id,
// and for debugging information into `.build-id` of the folders of search_for_debug_files(). Returns one frame, with
// "/path/module+0x12ab" as its module, if nothing is known. Keeps what it reads in memory.
// Context: one thread at a time.
const std::vector<NativeFrame>& symbolise(std::string_view call);

// Adds a folder to those where files with debugging information are searched, as gdb does. /usr/lib/debug is one.
void search_for_debug_files(const std::string& folder);

// Returns whether the file has debugging information of its own.
bool has_debug_information(const std::string& file);

} // namespace pqsweep::tools
