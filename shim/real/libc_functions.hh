// Finds the libc functions that our hooks hide: `real::close(fd)` calls libc's close.
//
// Context: any thread; signal handlers once resolve() has returned. errno: what the function leaves.
#pragma once

#include "shim/real/elf_symbols.hh"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pqsweep::real {

class LibcFunctionBase {
public:
    constexpr explicit LibcFunctionBase(const char* name) : name_(name) {}

    // Takes the function from an object, unless it is known.
    void look_into(const elf_symbols::Symbols& symbols);

protected:
    // Returns libc's function, and looks it up if a hook is called before resolve().
    void* address() {
        void* known = address_.load(std::memory_order_relaxed);
        return known ? known : find();
    }

private:
    void* find();

    const char* name_;
    std::atomic<void*> address_{nullptr};
};

template<class Type>
class LibcFunction;
template<class Result, class... Args>
class LibcFunction<Result(Args...)> : public LibcFunctionBase {
public:
    using LibcFunctionBase::LibcFunctionBase;
    Result operator()(Args... args) { return pointer()(args...); }
    // Returns the function, for a caller that must jump to it.
    auto pointer() { return reinterpret_cast<Result (*)(Args...)>(address()); }
};

// NOLINTNEXTLINE(bugprone-macro-parentheses): a declared name
#define HOOK(result, name, parameters) extern constinit LibcFunction<result parameters> name;
#include "shim/real/libc_calls.def"

// Finds all functions, at start-up. Later, a thread might be in a signal handler.
void resolve();

// Returns libc's function of that name; null if this libc has none. No program pays for such a function when it starts, as it
// does for one that we import.
// Context: any thread, not a signal handler.
template<class Type>
Type* libc_function(const char* name) {
    return reinterpret_cast<Type*>(elf_symbols::definition_behind_us(name));
}

} // namespace pqsweep::real
