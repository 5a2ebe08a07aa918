// For `pqsweep doctor`: writes what was seen of this process to the file that PQSWEEP_WITNESS names, a line for each
// thing, one write(2) each, fields separated by tabs:
//   loaded   pid  the program's file
//   connect  pid  the libpq's file  its PQlibVersion  the file of the code that called, or "dlsym"
//   libpq    pid  the libpq's file  its PQlibVersion          (at the end, for each that is loaded)
// Keeps errno. Does nothing where the variable is not set.
#pragma once

#include "shim/real/libpqs.hh"

namespace pqsweep::witness {

void loaded();
// Only a libpq's first call is told. Null for code that has the function from dlsym.
void connecting(const Libpq& libpq, const void* caller);
void ended();

} // namespace pqsweep::witness
