// Defines libpqsweep.so's loader functions. Without the first two, some programs would bypass a preloaded library:
//
// dlsym   Foreign function interfaces (psycopg 3's ctypes, Ruby's Fiddle) take every function by dlsym(handle, name).
//         They get our hook if the handle's own libpq has the function [loader, two_libpqs].
// dlopen  PHP loads its extensions with RTLD_DEEPBIND, which binds an extension to its own libpq. The hook drops that
//         flag for a file that needs a libpq [two_libpqs, deepbind].
// dlclose keeps a libpq loaded that a connection has gone through. The loader's lock is taken here by the program, and not
//         when it connects: a constructor or destructor can wait for a thread that connects [plugin_connects].
//         For the same reason, dlopen and dlclose load what walks call stacks before they begin.
//
// The loader takes the address that it returns to for its caller: RTLD_NEXT, RTLD_DEFAULT, RUNPATH and $ORIGIN depend on
// it. So the hooks of dlsym and dlopen end in a jump, in every build (I17). A test looks at their instructions.
//
// Context: any thread. errno: what the loader leaves. Locks: the loader's.
#include "shim/base/settings.hh"
#include "shim/hooks/lookup.hh"
#include "shim/origin/call_stack.hh"
#include "shim/real/dependencies.hh"
#include "shim/real/libc_functions.hh"

#include <cstring>
#include <dlfcn.h>

// A sanitizer would note the end of the function after its last call, which then is not a jump.
#define NOT_SANITIZED __attribute__((no_sanitize("thread", "address")))
#ifdef __clang__
#    define ENDS_IN_A_JUMP NOT_SANITIZED
#    define JUMP [[clang::musttail]] return
#else
#    define ENDS_IN_A_JUMP __attribute__((optimize("O2"))) NOT_SANITIZED
#    define JUMP return
#endif

namespace pqsweep {

namespace {

using Dlsym = void* (*)(void* handle, const char* name);
using Dlopen = void* (*)(const char* file, int mode);

void* from_handle(void* handle, const char* name) noexcept {
    void* found = real::dlsym(handle, name);
    if (!found)
        return nullptr;
    if (found == hook_of(name)) // the program's own handle, whose scope begins with us
        return real::dlsym(RTLD_NEXT, name) ? found : nullptr;
    real::look_for_libpqs();
    const Libpq* libpq = real::libpq_containing(found);
    return libpq ? hook_of(name, *libpq) : found;
}

// real::is_visible_from() has left the loader's error, which can name us instead of the program.
void* not_there(void*, const char*) noexcept {
    return nullptr;
}

Dlsym choose_dlsym(void* handle, const char* name, const void* caller) {
    if (name[0] != 'P' || name[1] != 'Q')
        return real::dlsym.pointer();
    void* hook = hook_of(name);
    if (!hook || settings::is_disabled())
        return real::dlsym.pointer();
    if (handle != RTLD_DEFAULT && handle != RTLD_NEXT)
        return from_handle;
    return real::is_visible_from(caller, name, hook) ? real::dlsym.pointer() : not_there;
}

int mode_for(const char* file, int mode, const void* caller) {
    bool must_see_us =
        mode & RTLD_DEEPBIND && file && !settings::is_disabled() && dependencies::lead_to_libpq(file, caller);
    return must_see_us ? mode & ~RTLD_DEEPBIND : mode;
}

} // namespace
} // namespace pqsweep

using namespace pqsweep;

#define EXPORT extern "C" [[gnu::visibility("default")]] ENDS_IN_A_JUMP

EXPORT void* dlsym(void* handle, const char* name) noexcept {
    Dlsym chosen = choose_dlsym(handle, name, __builtin_return_address(0));
    JUMP chosen(handle, name);
}

EXPORT int dlclose(void* handle) noexcept {
    real::keep_libpqs();
    call_stack::prepare();
    return real::dlclose(handle);
}

EXPORT void* dlopen(const char* file, int mode) noexcept {
    mode = mode_for(file, mode, __builtin_return_address(0));
    call_stack::prepare();
    Dlopen next = real::dlopen.pointer();
    JUMP next(file, mode);
}
