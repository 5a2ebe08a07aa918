// Finds the libc functions that our hooks hide: `real::close(fd)` calls libc's close.
//
// Context: any thread; signal handlers, on musl once resolve() has returned. errno: what the function leaves.
#pragma once

#include "shim/base/fixed_text.hh"
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
    using Name = FixedText<13>;
    constexpr explicit LibcFunctionBase(Name name) : name_(name) {}

protected:
    // Returns libc's function, and looks it up at the first call.
    void* address() {
        void* known = address_.load(std::memory_order_relaxed);
        return known ? known : find();
    }

private:
    void* find();

    Name name_;
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

// Finds all functions that are not known. Without it, the first call of each does, also one in every child of a fork.
void resolve();

// Returns libc's function of that name; null if this libc has none. No program pays for such a function when it starts, as it
// does for one that we import.
// Context: any thread, not a signal handler.
template<class Type>
Type* libc_function(const char* name) {
    return reinterpret_cast<Type*>(elf_symbols::definition_behind_us(name));
}

} // namespace pqsweep::real
