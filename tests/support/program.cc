#include "tests/support/program.hh"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace pqsweep::tests {

namespace {

int programs_started;

std::vector<std::string> environment_for(const Environment& wanted, const std::string& application,
                                         Program::Shim shim) {
    Environment all;
    for (char** entry = environ; *entry; entry++) {
        std::string text = *entry;
        bool is_ours = text.starts_with("PQSWEEP_");
        if (!is_ours && !text.starts_with("LD_PRELOAD=") && !text.starts_with("PYTEST_"))
            all[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
    }
    all["PGAPPNAME"] = application;
    if (shim == Program::Shim::preloaded) {
        std::string runtime = sanitizer_runtime();
        all["LD_PRELOAD"] = runtime + (runtime.empty() ? "" : ":") + build_directory() + "/libpqsweep.so";
        // Interpreters such as Python do not free all that they allocate.
        all["ASAN_OPTIONS"] = "detect_leaks=0";
    }
    for (const auto& [name, value] : wanted)
        all[name] = value;
    std::vector<std::string> entries;
    for (const auto& [name, value] : all)
        entries.push_back(name + "=" + value);
    return entries;
}

// Puts the emulator that TESTS_EMULATOR names before a program of another processor. The program gets LD_PRELOAD, and the
// emulator, which is of this processor, does not.
void emulate(std::vector<std::string>& argv, std::vector<std::string>& entries) {
    const char* emulator = getenv("TESTS_EMULATOR");
    if (!emulator || !argv[0].starts_with(build_directory() + "/programs/"))
        return;
    std::istringstream words("/usr/bin/env " + std::string(emulator));
    std::vector<std::string> all{std::istream_iterator<std::string>(words), {}};
    std::erase_if(entries, [&](const std::string& entry) {
        bool is_preload = entry.starts_with("LD_PRELOAD=");
        if (is_preload)
            all.insert(all.end(), {"-E", entry});
        return is_preload;
    });
    argv.insert(argv.begin(), all.begin(), all.end());
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (std::string& s : strings)
        all.push_back(s.data());
    all.push_back(nullptr);
    return all;
}

} // namespace

std::string build_directory() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::string sanitizer_runtime() {
    return PQSWEEP_SANITIZER_RUNTIME;
}

Program::Program(std::vector<std::string> argv, const Environment& environment, Shim shim)
    : application_("test-" + std::to_string(getpid()) + "-" + std::to_string(++programs_started)) {
    if (argv[0].find('/') == std::string::npos)
        argv[0] = build_directory() + "/programs/" + argv[0];
    auto entries = environment_for(environment, application_, shim);
    emulate(argv, entries);
    auto argument_pointers = pointers(argv);
    auto entry_pointers = pointers(entries);
    int in[2], out[2], err[2];
    REQUIRE((pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0));
    pid_ = fork();
    if (pid_ == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        // The child inherits ignored signals: this process ignores the first, nohup(1) and shells the others.
        for (int number : {SIGPIPE, SIGHUP, SIGINT, SIGQUIT})
            signal(number, SIG_DFL);
        execve(argument_pointers[0], argument_pointers.data(), entry_pointers.data());
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    in_ = in[1];
    out_ = out[0];
    err_ = err[0];
    signal(SIGPIPE, SIG_IGN);
}

Program::~Program() {
    for (int fd : {in_, out_, err_})
        if (fd >= 0)
            close(fd);
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
}

// Reads what both streams have. Returns false when both have ended, or after two minutes without a byte.
bool Program::fill() {
    pollfd fds[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
    if ((out_ < 0 && err_ < 0) || poll(fds, 2, 120000) <= 0)
        return false;
    for (pollfd& fd : fds) {
        if (!fd.revents)
            continue;
        char buffer[65536];
        ssize_t n = read(fd.fd, buffer, sizeof buffer);
        if (n > 0) {
            (fd.fd == out_ ? pending_ : errors_).append(buffer, static_cast<size_t>(n));
        } else {
            close(fd.fd);
            (fd.fd == out_ ? out_ : err_) = -1;
        }
    }
    return true;
}

void Program::write_line(const std::string& line) {
    std::string bytes = line + "\n";
    CHECK(write(in_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

std::string Program::read_line() {
    size_t end = 0;
    while ((end = pending_.find('\n')) == std::string::npos)
        if (out_ < 0 || !fill())
            return "";
    std::string line = pending_.substr(0, end);
    output_ += line + "\n";
    pending_.erase(0, end + 1);
    return line;
}

std::string Program::say(const std::string& line) {
    write_line(line);
    return read_line();
}

void Program::close_errors() {
    close(err_);
    err_ = -1;
}

int Program::finish() {
    close(in_);
    in_ = -1;
    while (fill()) {
    }
    output_ += pending_;
    pending_.clear();
    int status = 0;
    if (!eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, Milliseconds(60000)))
        return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace pqsweep::tests
