#include "tools/live/processes.hh"

#include "tools/live/proc.hh"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace pqsweep::tools {

namespace {

std::string directory_name() {
    return fmt::format("{}{}", board::directory_prefix, geteuid());
}

// A process might have another environment than this terminal.
std::vector<std::string> bases() {
    const char* ours = getenv("XDG_RUNTIME_DIR");
    std::vector<std::string> all{ours && *ours == '/' ? ours : fmt::format("/run/user/{}", geteuid())};
    all.emplace_back("/tmp");
    return all;
}

bool is_private(const struct stat& status) {
    return status.st_uid == geteuid() && !(status.st_mode & (S_IRWXG | S_IRWXO));
}

// Returns the pid that a board's name stands for, also that of an unfinished board; 0 if the name is not a pid.
pid_t pid_in(std::string_view name) {
    if (name.ends_with(".new"))
        name.remove_suffix(4);
    bool is_number = !name.empty() && name.size() < 10 && name[0] != '0' &&
                     std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    return is_number ? atoi(std::string(name).c_str()) : 0;
}

bool is_dead(pid_t pid, const std::optional<board::Identity>& identity) {
    uint64_t start = proc::start_time(pid);
    return start == 0 || (identity && identity->start_time != 0 && start != identity->start_time);
}

// A directory of boards.
class Directory {
public:
    Directory(std::string path, Complaints complaints) : path_(std::move(path)), complaints_(complaints) {
        int fd = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat status {};
        if (fd < 0)
            return;
        if (fstat(fd, &status) != 0 || !is_private(status)) {
            complain("pqsweep: {}: other users can access this directory; skipped\n", path_);
            close(fd);
            return;
        }
        directory_ = fdopendir(fd);
    }
    ~Directory() {
        if (directory_)
            closedir(directory_);
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    void add_to(std::vector<Process>& all) {
        std::vector<std::string> names;
        while (dirent* entry = directory_ ? readdir(directory_) : nullptr)
            names.emplace_back(entry->d_name);
        for (const std::string& name : names)
            if (pid_t pid = pid_in(name))
                look_at(name, pid, all);
    }

private:
    template<class... Args>
    void complain(fmt::format_string<Args...> format, Args&&... args) const {
        if (complaints_ == Complaints::printed)
            fmt::print(stderr, format, std::forward<Args>(args)...);
    }

    void look_at(const std::string& name, pid_t pid, std::vector<Process>& all) {
        int fd =
            openat(dirfd(directory_), name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat status {};
        if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid()) {
            if (fd >= 0)
                close(fd);
            return;
        }
        NoBoard none;
        if (name.ends_with(".new")) {
            if (is_dead(pid, std::nullopt) && status.st_mtime < time(nullptr) - 60)
                unlinkat(dirfd(directory_), name.c_str(), 0);
            close(fd);
            return;
        }
        auto board = read_board(fd, none);
        auto identity = board ? board->identity : none.identity;
        if (identity && identity->pid_namespace != 0 && identity->pid_namespace != proc::pid_namespace()) {
            close(fd); // it is a container's, whose pids are not ours
        } else if (is_dead(pid, identity)) {
            unlinkat(dirfd(directory_), name.c_str(), 0);
            close(fd);
        } else if (!board || board->identity.pid != pid) {
            complain("pqsweep: {}/{}: {}\n", path_, name, board ? "another process's board" : none.why);
            close(fd);
        } else {
            Process process(fd, path_ + "/" + name, std::move(*board));
            auto is_there = process.is_there();
            if (is_there == true)
                all.push_back(std::move(process));
            else if (is_there == false)
                unlinkat(dirfd(directory_), name.c_str(), 0);
        }
    }

    std::string path_;
    Complaints complaints_;
    DIR* directory_ = nullptr;
};

} // namespace

Process::Process(int fd, std::string path, Board board)
    : fd_(fd), path_(std::move(path)), board_(std::move(board)) {}

Process::~Process() {
    if (fd_ >= 0)
        close(fd_);
}

Process::Process(Process&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), board_(std::move(other.board_)) {}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    std::swap(board_, other.board_);
    return *this;
}

std::string Process::command() const {
    std::string line = proc::command_line(pid());
    return line.empty() ? board_.program : line;
}

std::optional<bool> Process::is_there() const {
    return proc::has_mapped(pid(), path_.substr(path_.rfind('/', path_.rfind('/') - 1)));
}

std::string Process::obstacle() const {
    if (board_.signal == 0)
        return "it has PQSWEEP_SIGNAL=none";
    if (board_.handler == Handler::programs)
        return fmt::format("the program has taken {} for itself", signal_name(board_.signal));
    if (!proc::catches(pid(), board_.signal))
        return fmt::format("the program has no handler for {} any more", signal_name(board_.signal));
    if (proc::is_stopped(pid()))
        return "it is stopped";
    return "";
}

std::vector<Process> find_processes(Complaints complaints) {
    std::vector<Process> all;
    for (const std::string& base : bases())
        Directory(base + "/" + directory_name(), complaints).add_to(all);
    std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.pid() < b.pid(); });
    return all;
}

std::string loaded_libpq(const std::vector<Process>& processes) {
    for (const Process& process : processes)
        if (std::string file = proc::mapped_file(process.pid(), "/libpq"); !file.empty())
            return file;
    return "";
}

std::string signal_name(int signal) {
    const char* name = signal > 0 && signal < NSIG ? sigabbrev_np(signal) : nullptr;
    if (signal >= SIGRTMIN && signal <= SIGRTMAX)
        return fmt::format("RTMIN+{}", signal - SIGRTMIN);
    return name ? name : fmt::format("signal {}", signal);
}

std::vector<Process> find_processes(const std::vector<pid_t>& pids, std::string_view command) {
    std::vector<Process> chosen;
    std::set<pid_t> wanted(pids.begin(), pids.end());
    for (Process& process : find_processes())
        if (pids.empty() || wanted.erase(process.pid()))
            chosen.push_back(std::move(process));
    if (pids.empty() && chosen.empty())
        fmt::print(stderr, "pqsweep {}: no process of yours has connected under the shim\n", command);
    for (pid_t pid : wanted)
        fmt::print(stderr,
                   "pqsweep {}: {}: this is not a process of yours that has connected under the shim\n",
                   command, pid);
    return chosen;
}

} // namespace pqsweep::tools
