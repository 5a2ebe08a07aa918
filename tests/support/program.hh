// Runs a real program under the shim that was built, or without it, with pipes to its standard streams.
#pragma once

#include "tests/support/wait.hh"

#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pqsweep::tests {

using Environment = std::map<std::string, std::string>;

class Program {
public:
    enum class Shim { preloaded, absent };

    // `argv[0]` without a slash names one of tests/programs. The program gets our environment without what
    // pqsweep reads, then `environment`, and a PGAPPNAME that no other program has.
    explicit Program(std::vector<std::string> argv, const Environment& environment = {},
                     Shim shim = Shim::preloaded);
    ~Program(); // kills it if it still runs
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // Sends a line and returns the next line of output; "" at the end of the output, or after two minutes.
    std::string say(const std::string& line);
    void write_line(const std::string& line);
    std::string read_line();

    // Closes our end of the program's standard error.
    void close_errors();

    // Closes the input, reads the rest, and returns the exit status: 128 + signal if a signal ended the program,
    // -1 if it still runs after 60 s.
    int finish();
    // All that the program wrote. `errors` is complete after finish().
    const std::string& output() const { return output_; }
    const std::string& errors() const { return errors_; }

    pid_t pid() const { return pid_; }
    const std::string& application() const { return application_; }

private:
    bool fill();

    pid_t pid_ = -1;
    int in_ = -1, out_ = -1, err_ = -1;
    std::string application_, output_, pending_, errors_;
};

// The folder of the variant under test.
std::string build_directory();

// Returns the sanitizer runtime that stands before a sanitized shim in LD_PRELOAD; "" for other builds.
std::string sanitizer_runtime();

} // namespace pqsweep::tests
