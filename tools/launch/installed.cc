#include "tools/launch/installed.hh"

namespace pqsweep::tools {

namespace fs = std::filesystem;

std::optional<fs::path> find_installed(const char* name, const char* folder) {
    std::error_code error;
    fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (const fs::path& dir : {here, here.parent_path() / folder}) {
        fs::path candidate = dir / name;
        if (fs::exists(candidate, error))
            return candidate;
    }
    return std::nullopt;
}

} // namespace pqsweep::tools
