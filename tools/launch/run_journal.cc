#include "tools/launch/run_journal.hh"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view process_id = "%p";

// With `*` for every %p, and all else for itself.
std::string pattern_of(std::string_view name) {
    std::string pattern;
    while (!name.empty()) {
        if (name.starts_with(process_id)) {
            pattern += '*';
            name.remove_prefix(process_id.size());
            continue;
        }
        if (strchr("*?[\\", name[0]))
            pattern += '\\';
        pattern += name[0];
        name.remove_prefix(1);
    }
    return pattern;
}

} // namespace

// A process of the run may have become another user, who has to write to it, too: its name is the key.
RunJournal::RunJournal(const std::string& asked_for) {
    std::error_code error;
    if (!asked_for.empty()) {
        name_ = fs::absolute(asked_for, error).string();
        if (fs::exists(name_, error) && !fs::is_regular_file(name_, error))
            obstacle_ = fmt::format("{} is no regular file, and can't be read again", asked_for);
        return;
    }
    fs::path parent = fs::temp_directory_path(error);
    std::string directory = (parent / "pqsweep-run.XXXXXX").string();
    if (error || !mkdtemp(directory.data())) {
        obstacle_ =
            fmt::format("no folder for its journal in {}: {}", parent.empty() ? "TMPDIR" : parent.string(),
                        error ? error.message() : strerror(errno));
        return;
    }
    directory_ = directory;
    name_ = directory_ / "journal";
    int fd = open(name_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || fchmod(fd, 0666) != 0 || chmod(directory.c_str(), 0711) != 0)
        obstacle_ = fmt::format("{}: {}", name_, strerror(errno));
    if (fd >= 0)
        close(fd);
}

RunJournal::~RunJournal() {
    std::error_code error;
    if (!directory_.empty())
        fs::remove_all(directory_, error);
}

std::vector<std::string> RunJournal::files() const {
    std::vector<std::string> files;
    glob_t found{};
    if (glob(pattern_of(name_).c_str(), 0, nullptr, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            files.emplace_back(found.gl_pathv[i]);
    globfree(&found);
    return files;
}

} // namespace pqsweep::tools
