#include "tools/launch/run_journal.hh"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view process_id = "%p";
constexpr int appending = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

std::string with_own_id(std::string name) {
    for (size_t at = 0; (at = name.find(process_id, at)) != std::string::npos;)
        name.replace(at, process_id.size(), std::to_string(getpid()));
    return name;
}

void append_to(const std::string& name, std::string_view line) {
    int fd = open(name.c_str(), appending, 0666);
    if (fd < 0)
        return;
    (void)!write(fd, line.data(), line.size()); // a lost record is no reason to end
    close(fd);
}

} // namespace

// A process of the run can become another user, who has to write to the file, too: its name is the key.
RunJournal::RunJournal() {
    const char* outer = getenv("PQSWEEP_RUN_JOURNAL");
    if (outer && access(outer, R_OK) == 0) {
        name_ = outer;
        return;
    }
    std::error_code error;
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

void RunJournal::append(std::string_view line) const {
    append_to(name_, line);
    if (const char* asked_for = getenv("PQSWEEP_JOURNAL"); asked_for && *asked_for)
        append_to(with_own_id(asked_for), line);
}

std::string open_journal(std::string& name) {
    std::error_code error;
    std::string file = fs::absolute(name, error).string();
    bool is_one_file = file.find(process_id) == std::string::npos;
    std::string folder = fs::path(file).parent_path();
    bool is_good = false;
    if (is_one_file) {
        int fd = open(file.c_str(), appending, 0666);
        is_good = fd >= 0 && close(fd) == 0;
    } else {
        is_good = folder.find(process_id) != std::string::npos || access(folder.c_str(), W_OK | X_OK) == 0;
    }
    if (!is_good)
        return fmt::format("--journal: {}: {}", is_one_file ? name : folder, strerror(errno));
    name = file;
    return "";
}

} // namespace pqsweep::tools
