// The one place that writes to descriptor 2, which is the program's: perhaps it is no terminal any more, but a data file,
// a socket or a pipe that nobody reads.
//
// The shim writes only if descriptor 2 still is the file that it was when the program started. A file without a name is
// fine, too: pytest captures the output of tests in one.
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include <string_view>

namespace pqsweep {

// Remembers what descriptor 2 is. Runs at start-up.
void note_stderr();

// Writes nothing to a foreign file. Waits for a reader for a second at most, and gives up for good then.
void write_to_stderr(std::string_view text);

// Writes the warning if warnings are wanted, and keeps it until then otherwise: a process without a tag hears nothing.
void warn(std::string_view line);
// From now on, warnings are wanted: a tag is set, or `pqsweep run` has started the process. Writes those that were kept.
void want_warnings();

// From now on, `take` gets the warnings that nobody reads on descriptor 2, because it is another file or a test runner's capture.
void divert_warnings(void (*take)(std::string_view text));

} // namespace pqsweep
