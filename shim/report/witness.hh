// The witness: writes for `pqsweep doctor` which libpqs this process has loaded and called.
//
// It writes to the file that PQSWEEP_WITNESS names, and does nothing if the variable is not set. Each line is one write(2).
// Tabs separate its fields:
//   loaded   pid  the program's file                          (a forked child writes it before its first other line)
//   connect  pid  the libpq's file  its PQlibVersion  the file of the code that called, or "dlsym"
//   libpq    pid  the libpq's file  its PQlibVersion          (at the end, for each that is loaded)
//   object   pid  its file                                    (at the end, for each that is loaded)
// Context: any thread. errno: kept. Locks: the one of the loader's list of objects.
#pragma once

#include "shim/real/libpqs.hh"

namespace pqsweep::witness {

void loaded();
// Writes only the first call of each libpq. `caller` is null for code that has the function from dlsym.
void connecting(const Libpq& libpq, const void* caller);
void ended();

} // namespace pqsweep::witness
