#include "tools/launch/preload.hh"

#include "tools/launch/asker_process.hh"
#include "tools/launch/executable.hh"
#include "tools/launch/installed.hh"

#include <cstdlib>
#include <cstring>
#include <fmt/core.h>

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

// Our library comes first, so that no other preloaded library stands between the program and the shim. Returns LD_PRELOAD.
std::string prepend(const std::string& shim) {
    const char* before = getenv("LD_PRELOAD");
    std::string list = before ? before : "";
    if (!contains_part(list, shim, ": "))
        list = list.empty() ? shim : fmt::format("{}:{}", shim, list);
    setenv("LD_PRELOAD", list.c_str(), 1);
    return list;
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

// Returns why this system's loader does not load the shim, which `libraries` begin with, or nothing.
std::string why_not_loaded(const std::string& shim, const std::string& libraries) {
    constexpr auto patience = std::chrono::seconds(10);
    if (std::string why = unfit(shim); !why.empty())
        return fmt::format("{}: {}", shim, why);
    AskerOutcome outcome = run_asker(libraries, "", std::chrono::steady_clock::now() + patience);
    if (outcome.has_library || !outcome.is_tried)
        return "";
    while (outcome.complaint.ends_with('\n'))
        outcome.complaint.pop_back();
    return fmt::format("{}: this system can't load it: {}", shim, outcome.complaint);
}

} // namespace

std::string preload_shim() {
    auto file = find_installed("libpqsweep.so", "lib/pqsweep");
    if (!file)
        return "libpqsweep.so is neither beside this program nor in ../lib/pqsweep; install pqsweep anew";
    std::string shim = file->string();
    if (shim.find_first_of(": ") != std::string::npos)
        return fmt::format(
            "{}: LD_PRELOAD can't name a path with a space or a colon in it; install pqsweep elsewhere",
            shim);
    std::string libraries = prepend(shim);
    admit_sanitized_programs();
    return why_not_loaded(shim, libraries);
}

} // namespace pqsweep::tools
