// pqsweep doctor runs a command under the shim, and reports whether the shim intercepts its connections, and if not, why
// not. The shim reports what it saw through a witness file (shim/report/witness.hh).
#include "tools/commands/command.hh"
#include "tools/commands/options.hh"
#include "tools/launch/child.hh"
#include "tools/launch/executable.hh"
#include "tools/launch/preload.hh"
#include "tools/live/strays.hh"
#include "tools/text/utf8.hh"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <fstream>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace fs = std::filesystem;

namespace {

constexpr auto others =
    "drivers that speak PostgreSQL's protocol themselves (asyncpg, pg8000, JDBC, node's pg, Go's pq and "
    "pgx) can't be intercepted, those on libpq can (psycopg, node's pg-native)";

struct SeenLibpq {
    std::string version;
    std::set<std::string> callers; // empty: it was loaded, and nothing connected
};

struct SeenProcess {
    std::string program;
    std::map<std::string, SeenLibpq> libpqs; // by their files
    std::set<std::string> objects;           // that the loader had loaded at the end
};

using Seen = std::map<int, SeenProcess>; // by pid

// Exists while the command runs.
class WitnessFile {
public:
    WitnessFile() : path_((fs::temp_directory_path() / "pqsweep-doctor.XXXXXX").string()) {
        int fd = mkstemp(path_.data());
        is_good_ = fd >= 0;
        if (is_good_)
            close(fd);
    }
    ~WitnessFile() { unlink(path_.c_str()); }
    WitnessFile(const WitnessFile&) = delete;
    WitnessFile& operator=(const WitnessFile&) = delete;
    bool is_good() const { return is_good_; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
    bool is_good_ = false;
};

std::string version_text(int version) { // PQlibVersion: 150018, and 90624 before 10
    return version >= 100000 ? fmt::format("{}.{}", version / 10000, version % 10000)
                             : fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

Seen read_witness(const std::string& path) {
    Seen seen;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::vector<std::string> fields;
        std::istringstream stream(line);
        for (std::string field; std::getline(stream, field, '\t');)
            fields.push_back(field);
        if (fields.size() < 3)
            continue;
        SeenProcess& process = seen[atoi(fields[1].c_str())];
        if (fields[0] == "loaded") {
            process.program = fields[2];
        } else if (fields[0] == "object") {
            process.objects.insert(fields[2]);
        } else if (fields.size() >= 4) {
            SeenLibpq& libpq = process.libpqs[fields[2]];
            libpq.version = version_text(atoi(fields[3].c_str()));
            if (fields[0] == "connect" && fields.size() >= 5)
                libpq.callers.insert(fields[4]);
        }
    }
    return seen;
}

std::string how(const SeenProcess& process, const std::string& caller) {
    if (caller == "dlsym")
        return "whose functions it takes with dlsym";
    return caller == process.program ? "which it is linked to"
                                     : fmt::format("which comes in with {}", caller);
}

// Prints what the shim saw of each process that has a libpq. Returns whether any process connected.
bool show(const Seen& seen) {
    bool any = false;
    for (const auto& [pid, process] : seen) {
        for (const auto& [file, libpq] : process.libpqs) {
            any |= !libpq.callers.empty();
            fmt::print("{} (pid {}): libpq {}, {}", process.program, pid, libpq.version, file);
            if (libpq.callers.empty())
                fmt::print(": loaded, but it connected to nothing");
            for (const std::string& caller : libpq.callers)
                fmt::print(", {}", how(process, caller));
            fmt::print("\n");
        }
    }
    return any;
}

// Prints which files have a libpq of their own in them, out of the shim's sight. Returns the first of them, or nothing.
std::string show_hidden(const Seen& seen) {
    std::set<std::string> files;
    for (const auto& [pid, process] : seen) {
        files.insert(process.program);
        for (const std::string& object : process.objects)
            if (!process.libpqs.contains(object))
                files.insert(object);
    }
    std::erase_if(files, [](const std::string& file) { return !contains_libpq(file); });
    for (const std::string& file : files)
        fmt::print("{}: has a libpq of its own in it, whose connections are not seen\n", file);
    return files.empty() ? "" : *files.begin();
}

int conclude(bool is_intercepted, std::string_view why) {
    fmt::print("pqsweep doctor: {}: {}\n", is_intercepted ? "yes" : "no", why);
    return is_intercepted ? exit_done : exit_nothing;
}

// Returns a program that became another one without the shim, or nothing.
std::string last_with_shim(const Seen& seen) {
    auto place = std::ranges::find_if(seen, [](const auto& entry) { return entry.second.objects.empty(); });
    return place == seen.end() ? "" : place->second.program;
}

int judge(const Seen& seen, const Strays& strays) {
    bool is_intercepted = show(seen);
    std::string hidden = show_hidden(seen);
    if (is_intercepted && strays.is_any())
        fmt::print("{}\n", strays.line());
    if (is_intercepted)
        return conclude(true, hidden.empty() && !strays.is_any()
                                  ? "its connections are intercepted"
                                  : "its connections are intercepted, but for those named above");
    if (strays.is_any())
        return conclude(false, strays.line());
    if (!hidden.empty())
        return conclude(false,
                        fmt::format("{} has a libpq of its own in it; link it to the shared one", hidden));
    bool has_libpq = false;
    std::set<std::string> programs;
    for (const auto& [pid, process] : seen) {
        has_libpq |= !process.libpqs.empty();
        programs.insert(process.program);
    }
    if (has_libpq)
        return conclude(false, "it has a libpq, but connected to nothing; let it, to be sure");
    if (programs.empty())
        return conclude(false, "the loader did not load libpqsweep.so; does something clear LD_PRELOAD?");
    if (std::string last = last_with_shim(seen); !last.empty())
        return conclude(false,
                        fmt::format("{} ended without a word, or started a program without "
                                    "libpqsweep.so; if it clears the environment, put pqsweep behind it",
                                    last));
    return conclude(false, fmt::format("no libpq was loaded in {}; {}", fmt::join(programs, ", "), others));
}

int act(const std::vector<std::string>& command) {
    if (command.empty())
        return refuse("doctor", "no command given; for example: pqsweep doctor -- pytest tests");
    auto program = find_program(command[0]);
    if (!program)
        return refuse("doctor", "{}: {}", command[0], why_not_found(command[0]));
    auto chain = interpreter_chain(*program);
    for (size_t i = 1; i < chain.size(); i++)
        fmt::print("{}: a script for {}\n", chain[i - 1], printable(chain[i]));
    if (std::string why = obstacle(chain.back()); !why.empty())
        return conclude(false, fmt::format("{}: {}", printable(chain.back()), why));
    WitnessFile witness;
    if (!witness.is_good())
        return refuse("doctor", "{}: {}; set TMPDIR to a folder that can be written to", witness.path(),
                      strerror(errno));
    if (std::string why = preload_shim(); !why.empty())
        return refuse("doctor", "{}", why);
    setenv("PQSWEEP_WITNESS", witness.path().c_str(), 1);
    fflush(stdout);
    constexpr auto interval = std::chrono::milliseconds(5); // a psql lives for some 20
    Strays strays(interval);
    Companion companion{[](auto&) {}, [&](pid_t child) { strays.look(child); }, interval};
    Child child("doctor", command, &companion);
    if (!child.obstacle().empty())
        return refuse("doctor", "{}", child.obstacle());
    int status = child.wait_status();
    if (WIFSIGNALED(status))
        fmt::print("{}: ended by signal {}\n", command[0], WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        fmt::print("{}: exit status {}\n", command[0], WEXITSTATUS(status));
    return judge(read_witness(witness.path()), strays);
}

} // namespace

std::function<int()> declare_doctor(CLI::App& app, const std::vector<std::string>& rest) {
    app.footer("Runs the command.\n"
               "Exit status: 0 if its connections are intercepted, else 1.\n"
               "Example: pqsweep doctor -- pytest tests/test_one.py");
    app.prefix_command();
    return [&app, rest] {
        std::vector<std::string> command = app.remaining();
        if (!command.empty() && command[0].starts_with("-"))
            return refuse("doctor", "{}", unknown_option(app, command[0]));
        command.insert(command.end(), rest.begin(), rest.end());
        return act(command);
    };
}

} // namespace pqsweep::tools
