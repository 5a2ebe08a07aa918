#include "tools/live/proc.hh"

#include "shim/base/proc_stat.hh"
#include "tools/text/utf8.hh"

#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace pqsweep::tools::proc {

namespace fs = std::filesystem;

namespace {

std::string read(pid_t pid, const std::string& name) {
    std::ifstream file(fmt::format("/proc/{}/{}", pid, name));
    std::ostringstream text;
    text << file.rdbuf(); // fails without an exception if the process ends meanwhile
    return text.str();
}

char state(pid_t pid) {
    std::string stat = read(pid, "stat");
    std::string_view fields = stat_fields(stat);
    return fields.empty() ? 'X' : fields[0];
}

// Returns the number after "name:", in that base; 0 if there is none.
uint64_t field(const std::string& text, const std::string& name, int base) {
    size_t at = text.find("\n" + name + ":");
    return at == text.npos ? 0 : strtoull(text.c_str() + at + name.size() + 2, nullptr, base);
}

// Calls visit("task/<tid>") for each of its threads. Returns whether the kernel let us know them all.
template<class Visit>
bool each_thread(pid_t pid, Visit visit) {
    std::error_code error;
    fs::directory_iterator thread(fmt::format("/proc/{}/task", pid), error);
    for (; !error && thread != fs::directory_iterator(); thread.increment(error))
        visit("task/" + thread->path().filename().string());
    return !error;
}

bool is_in(uint64_t mask, int signal) {
    return signal > 0 && (mask >> (signal - 1) & 1);
}

} // namespace

uint64_t start_time(pid_t pid) {
    std::string stat = read(pid, "stat");
    std::string_view fields = stat_fields(stat);
    bool is_alive = !fields.empty() && fields[0] != 'Z' && fields[0] != 'X';
    return is_alive ? start_time_in(stat) : 0;
}

bool is_stopped(pid_t pid) {
    char s = state(pid);
    return s == 'T' || s == 't';
}

std::optional<bool> has_mapped(pid_t pid, const std::string& path_end) {
    std::ifstream maps(fmt::format("/proc/{}/maps", pid));
    if (!maps)
        return std::nullopt;
    for (std::string line; std::getline(maps, line);)
        if (line.ends_with(path_end) && line.find(" rw-s ") != line.npos)
            return true;
    return false;
}

std::string mapped_file(pid_t pid, const std::string& part) {
    std::ifstream maps(fmt::format("/proc/{}/maps", pid));
    for (std::string line; std::getline(maps, line);)
        if (size_t path = line.find('/'); path != line.npos && line.find(part, path) != line.npos)
            return line.substr(path);
    return "";
}

bool catches(pid_t pid, int signal) {
    return is_in(field(read(pid, "status"), "SigCgt", 16), signal);
}

bool blocks(pid_t pid, int signal) {
    bool all = true;
    bool is_known = each_thread(pid, [&](const std::string& thread) {
        all = all && is_in(field(read(pid, thread + "/status"), "SigBlk", 16), signal);
    });
    return all && is_known;
}

std::string command_line(pid_t pid) {
    std::string text = read(pid, "cmdline");
    while (!text.empty() && !text.back())
        text.pop_back();
    std::replace(text.begin(), text.end(), '\0', ' ');
    return printable(text);
}

std::string program(pid_t pid) {
    std::error_code error;
    return fs::read_symlink(fmt::format("/proc/{}/exe", pid), error).string();
}

std::string environment(pid_t pid) {
    return read(pid, "environ");
}

std::vector<pid_t> children(pid_t pid) {
    std::vector<pid_t> all;
    each_thread(pid, [&](const std::string& thread) {
        std::istringstream pids(read(pid, thread + "/children"));
        for (pid_t child = 0; pids >> child;)
            all.push_back(child);
    });
    return all;
}

int64_t backend_memory(pid_t pid) {
    if (pid <= 0 || !read(pid, "comm").starts_with("postgres"))
        return -1;
    if (uint64_t pss = field(read(pid, "smaps_rollup"), "Pss", 10))
        return static_cast<int64_t>(pss) * 1024;
    std::string statm = read(pid, "statm");
    size_t space = statm.find(' ');
    return space == statm.npos ? -1 : strtoll(statm.c_str() + space, nullptr, 10) * getpagesize();
}

uint64_t pid_namespace() {
    struct stat status {};
    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

} // namespace pqsweep::tools::proc
