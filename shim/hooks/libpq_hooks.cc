// libpqsweep.so's libpq functions: each passes the call on to the libpq that the caller would have got
// without us, and tells the rest of the shim.
//
// The shim is loaded into every process of a test run, most of which never see PostgreSQL, and beside
// whatever C++ runtime the program has, or none. So it depends on libc alone: no exceptions, no RTTI, no
// libstdc++.
#include "shim/hooks/lookup.hh"
#include "shim/hooks/session_calls.hh"
#include "shim/hooks/work_calls.hh"

#include <cstring>

namespace pqsweep {

namespace {

void* find_hook(const char* name, const Libpq* libpq) {
#define HOOK(kind, result, function, parameters, arguments)                                                  \
    if (strcmp(name, #function) == 0)                                                                        \
        return hook_for<Call::function>(&::function, libpq);
#include "shim/real/libpq_calls.def"
    return nullptr;
}

} // namespace

void* hook_of(const char* name, const Libpq& libpq) {
    return find_hook(name, &libpq);
}
void* hook_of(const char* name) {
    return find_hook(name, nullptr);
}

} // namespace pqsweep

#define UNPAREN(...) __VA_ARGS__
#define HOOK(kind, result, name, parameters, arguments)                                                      \
    extern "C" [[gnu::visibility("default")]] result name parameters {                                       \
        return pqsweep::kind##_hook<pqsweep::Call::name>(__builtin_return_address(0), UNPAREN arguments);    \
    }
#include "shim/real/libpq_calls.def"
