#include "shim/real/libpqs.hh"

#include <atomic>
#include <dlfcn.h>

namespace pqsweep::real::libc {

namespace {

#define HOOK(result, name, parameters) constinit std::atomic<void*> next_##name;
#include "shim/real/libc_calls.def"
constinit std::atomic<bool> all_resolved;

// dlsym can't be asked for itself: the answer would be our hook. Its version is that of the first glibc for the
// architecture, or of the one that moved it from libdl into libc.
void* next_dlsym_of_any_version() {
    for (const char* version : {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.0", "GLIBC_2.4",
                                "GLIBC_2.2", "GLIBC_2.27", "GLIBC_2.36"})
        if (void* function = dlvsym(RTLD_NEXT, "dlsym", version))
            return function;
    return nullptr;
}

void* next(std::atomic<void*>& cached, const char* name) {
    void* function = cached.load(std::memory_order_relaxed);
    if (!function) {
        function = &cached == &next_dlsym ? next_dlsym_of_any_version() : libc::dlsym()(RTLD_NEXT, name);
        cached.store(function, std::memory_order_relaxed);
    }
    return function;
}

} // namespace

// A hook that is called before our constructor has run looks its function up by itself.
#define HOOK(result, name, parameters)                                                                       \
    decltype(&::name) name() {                                                                               \
        return reinterpret_cast<decltype(&::name)>(next(next_##name, #name));                                \
    }
#include "shim/real/libc_calls.def"

void resolve() {
#define HOOK(result, name, parameters) name();
#include "shim/real/libc_calls.def"
    all_resolved.store(true, std::memory_order_release);
}

bool are_resolved() {
    return all_resolved.load(std::memory_order_acquire);
}

} // namespace pqsweep::real::libc
