// Says which files of source are the program's own. The shim prefers their lines when it notes where a connection is opened, and
// the tools point nobody at others.
//
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include "shim/base/text.hh"

#include <cstdint>
#include <string_view>

namespace pqsweep::source_file {

// Returns how much a frame in that Python file says about who opened a connection: the program's own files say most, a command
// or code without a file says little, an installed package or an adapter of ours says least.
enum class Says : uint8_t { most, little, least };

inline Says says(std::string_view file) {
    auto has = [&](std::string_view part) { return file.find(part) != file.npos; };
    if (has("/site-packages/") || has("/dist-packages/") || has("/lib/python3") || has("/lib64/python3") ||
        starts_with(file, "<frozen ") || has("/runners/python/pqsweep_"))
        return Says::least;
    size_t slash = file.rfind('/');
    bool is_command = slash != file.npos && file.substr(0, slash).ends_with(std::string_view("/bin"));
    return is_command || starts_with(file, "<") ? Says::little : Says::most;
}

} // namespace pqsweep::source_file
