// Home: a folder for the boards of one test, which no other test sees; and the pqsweep command that looks there.
#pragma once

#include "tests/support/files.hh"
#include "tests/support/outcome.hh"

#include <doctest/doctest.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace pqsweep::tests {

class Home {
public:
    Home() {
        std::string name = (std::filesystem::temp_directory_path() / "pqsweep-home.XXXXXX").string();
        REQUIRE(mkdtemp(name.data()));
        path_ = name;
    }
    ~Home() { std::filesystem::remove_all(path_); }
    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;
    std::filesystem::path path() const { return path_; }
    std::filesystem::path directory() const { return path_ / ("pqsweep-" + std::to_string(geteuid())); }
    std::filesystem::path board(const Program& program) const {
        return directory() / std::to_string(program.pid());
    }
    Environment with(Environment more = {}) const {
        more.insert({"XDG_RUNTIME_DIR", path_.string()});
        more.insert({"PQSWEEP_REPORT", "never"});
        return more;
    }
    Environment in_tag_a(Environment more = {}) const {
        more.insert({{"PQSWEEP_TAG", "a"}, {"PQSWEEP_REVIVE", "0"}});
        return with(more);
    }

private:
    std::filesystem::path path_;
};

inline Outcome pqsweep_command(const Home& home, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), build_directory() + "/pqsweep");
    return outcome_of(arguments, home.with());
}

// Returns the command line of pqsweep in a mount namespace where /tmp has no boards of other processes.
inline std::vector<std::string> alone_command(const std::string& arguments) {
    std::string in_tmp = "/tmp/pqsweep-" + std::to_string(geteuid());
    return {"/usr/bin/unshare", "-m", "/bin/sh", "-c",
            "mkdir -p -m 700 " + in_tmp + " && mount -t tmpfs -o mode=700 none " + in_tmp + " && exec " +
                build_directory() + "/pqsweep " + arguments};
}

inline std::string pid_of(const Program& program) {
    return std::to_string(program.pid());
}

inline nlohmann::json listed(const Home& home, const std::string& command, const Program& program) {
    nlohmann::json found = nlohmann::json::array();
    for (const nlohmann::json& one : nlohmann::json::parse(pqsweep_command(home, {command, "--json"}).output))
        if (one["pid"] == program.pid())
            found.push_back(one);
    return found;
}

// The line that `pqsweep tag` and `pqsweep sweep` print for a program.
inline std::string swept(const Program& program, const std::string& how) {
    return pid_of(program) + ": " + how + "\n";
}

} // namespace pqsweep::tests
