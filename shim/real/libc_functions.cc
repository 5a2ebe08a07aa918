#include "shim/real/libc_functions.hh"

#include <initializer_list>

namespace pqsweep::real {

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declared name
#define HOOK(result, name, parameters) constinit LibcFunction<result parameters> name{#name};
#include "shim/real/libc_calls.def"

namespace {

constinit std::atomic<bool> all_resolved;

// Returns libc's dlsym. A plain lookup would return our hook. The symbol's version is that of the first glibc for the
// architecture, or of the glibc that moved it from libdl into libc.
void* next_dlsym_of_any_version() {
    for (const char* version : {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.0", "GLIBC_2.4",
                                "GLIBC_2.2", "GLIBC_2.27", "GLIBC_2.36"})
        if (void* function = dlvsym(RTLD_NEXT, "dlsym", version))
            return function;
    return nullptr;
}

} // namespace

void* LibcFunctionBase::find() {
    void* found = this == &dlsym ? next_dlsym_of_any_version() : dlsym(RTLD_NEXT, name_);
    address_.store(found, std::memory_order_relaxed);
    return found;
}

void resolve() {
#define HOOK(result, name, parameters) name.pointer();
#include "shim/real/libc_calls.def"
    all_resolved.store(true, std::memory_order_release);
}

bool are_resolved() {
    return all_resolved.load(std::memory_order_acquire);
}

} // namespace pqsweep::real
