// An outcome: what is seen of a program that ran to its end without the shim, as `pqsweep` itself does.
#pragma once

#include "tests/support/program.hh"

#include <string>
#include <vector>

namespace pqsweep::tests {

struct Outcome {
    int status;
    std::string output, errors;
};

inline Outcome outcome_of(const std::vector<std::string>& argv, const Environment& environment = {}) {
    Program program(argv, environment, Program::Shim::absent);
    int status = program.finish();
    return {status, program.output(), program.errors()};
}

// Returns the command of the client that tests talk to.
inline std::vector<std::string> client() {
    return {build_directory() + "/programs/client"};
}

// Returns the command line of `pqsweep run`.
inline std::vector<std::string> run_command(const std::vector<std::string>& options,
                                            const std::vector<std::string>& command) {
    std::vector<std::string> argv{build_directory() + "/pqsweep", "run"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.emplace_back("--");
    argv.insert(argv.end(), command.begin(), command.end());
    return argv;
}

// Runs a suite under `pqsweep run`.
inline Outcome run_suite(const std::vector<std::string>& options, const std::vector<std::string>& suite,
                         Environment environment = {}) {
    environment.insert({"PYTHONDONTWRITEBYTECODE", "1"});
    return outcome_of(run_command(options, suite), environment);
}

} // namespace pqsweep::tests
