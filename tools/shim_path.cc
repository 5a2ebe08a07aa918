#include "shim_path.hh"

namespace pqsweep::tools {

namespace fs = std::filesystem;

std::optional<fs::path> find_shim() {
    std::error_code error;
    fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (const fs::path& dir : {here, here.parent_path() / "lib", fs::path(PQSWEEP_LIBDIR)}) {
        fs::path candidate = dir / "libpqsweep.so";
        if (fs::exists(candidate, error))
            return candidate;
    }
    return std::nullopt;
}

} // namespace pqsweep::tools
