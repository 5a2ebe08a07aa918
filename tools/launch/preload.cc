#include "tools/launch/preload.hh"

#include "tools/launch/installed.hh"

#include <cstdlib>
#include <cstring>
#include <fmt/core.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

bool contains_part(std::string_view list, std::string_view part, std::string_view separators) {
    while (!list.empty()) {
        size_t end = std::min(list.find_first_of(separators), list.size());
        if (list.substr(0, end) == part)
            return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

// Our library comes first, so that no other preloaded library stands between the program and the shim.
void prepend(const std::string& shim) {
    const char* before = getenv("LD_PRELOAD");
    std::string list = before ? before : "";
    if (contains_part(list, shim, ": "))
        return;
    setenv("LD_PRELOAD", list.empty() ? shim.c_str() : fmt::format("{}:{}", shim, list).c_str(), 1);
}

// gcc's ASan runtime refuses to start unless it is the first library, but works behind ours.
void admit_sanitized_programs() {
    constexpr auto wanted = "verify_asan_link_order=0";
    const char* before = getenv("ASAN_OPTIONS");
    if (!before || !*before)
        setenv("ASAN_OPTIONS", wanted, 1);
    else if (!strstr(before, "verify_asan_link_order"))
        setenv("ASAN_OPTIONS", fmt::format("{}:{}", before, wanted).c_str(), 1);
}

} // namespace

std::string preload_shim() {
    auto file = find_installed("libpqsweep.so", "lib");
    if (!file && access(PQSWEEP_LIBDIR "/libpqsweep.so", R_OK) == 0)
        file = PQSWEEP_LIBDIR "/libpqsweep.so";
    if (!file)
        return "libpqsweep.so is neither beside this program nor installed; 'make' builds both";
    std::string shim = file->string();
    if (shim.find_first_of(": ") != std::string::npos)
        return fmt::format(
            "{}: LD_PRELOAD can't name a path with a space or a colon in it; install pqsweep elsewhere",
            shim);
    prepend(shim);
    admit_sanitized_programs();
    return "";
}

} // namespace pqsweep::tools
