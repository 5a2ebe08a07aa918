// A real program, run under the shim that was built (or without it), with pipes to its standard streams.
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

    // `argv[0]` without a slash is one of tests/programs, else a path. Gets our environment, less what
    // pqsweep would read, plus `environment`, plus a PGAPPNAME of its own.
    explicit Program(std::vector<std::string> argv, const Environment& environment = {},
                     Shim shim = Shim::preloaded);
    ~Program(); // kills it if it still runs
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // Sends a line and answers the line that comes back; "" at the end of its output, or after two minutes.
    std::string say(const std::string& line);
    void write_line(const std::string& line);
    std::string read_line();

    // Nobody reads its standard error from now on.
    void close_errors();

    // Closes its input, reads the rest, and answers its exit status (128 + signal if it died of one; -1 if it
    // had to be killed after 60 s).
    int finish();
    // All that it wrote; `errors` only after finish().
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

// Where the variant under test was built.
std::string build_directory();

// The sanitizer runtime that must come before a sanitized shim in LD_PRELOAD; "" for other builds.
std::string sanitizer_runtime();

} // namespace pqsweep::tests
