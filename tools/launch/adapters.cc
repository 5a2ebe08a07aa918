#include "tools/launch/adapters.hh"

#include "tools/launch/installed.hh"

#include <cstdlib>
#include <fmt/core.h>
#include <string>

namespace pqsweep::tools {

namespace {

void prepend(const char* variable, const std::string& entry, char separator) {
    const char* former = getenv(variable);
    std::string list = former ? former : "";
    if (list == entry || list.starts_with(entry + separator)) // this run is part of another
        return;
    setenv(variable, list.empty() ? entry.c_str() : fmt::format("{}{}{}", entry, separator, list).c_str(), 1);
}

} // namespace

void bring_adapters() {
    auto folder = find_installed("runners", "share/pqsweep");
    if (!folder || folder->string().find(':') != std::string::npos)
        return;
    prepend("PYTHONPATH", folder->lexically_normal() / "python", ':');
}

} // namespace pqsweep::tools
