// Looks ahead, before a file is loaded, at what the loader would load with it.
//
// It reads a file's list of what that needs, and so on, and finds the files as the loader does: in what is loaded, in
// DT_RUNPATH or DT_RPATH, in LD_LIBRARY_PATH, in the directories of the system. It does not read /etc/ld.so.cache.
// Cost: about six system calls for each file that is not loaded yet.
// Context: any thread, not a signal handler. errno: kept. Locks: that of the loader's list of objects.
#pragma once

namespace pqsweep::dependencies {

// Returns whether `file`, as code at `caller` passes it to dlopen(), is a libpq or needs one, by itself or through what it
// needs. Returns false if that can't be found out.
bool lead_to_libpq(const char* file, const void* caller);

} // namespace pqsweep::dependencies
