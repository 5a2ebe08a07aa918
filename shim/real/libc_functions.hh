// Finds the libc functions that our hooks hide: `real::close(fd)` calls libc's close.
//
// Context: any thread; signal handlers once resolve() has returned. errno: what the function leaves.
#pragma once

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

// Finds all functions, at start-up. Later, a thread might be unable to wait for the loader's lock, or be in a signal
// handler.
void resolve();
bool are_resolved();

} // namespace pqsweep::real
