// The libc functions that our hooks hide: `real::close(fd)` calls libc's.
//
// Context: any thread, signal handlers too once resolve() has returned. errno: the function's own.
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
    // A hook that is called before resolve() looks its function up by itself.
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
    // For a caller that must jump to the function instead of calling it.
    auto pointer() { return reinterpret_cast<Result (*)(Args...)>(address()); }
};

#define HOOK(result, name, parameters) extern constinit LibcFunction<result parameters> name;
#include "shim/real/libc_calls.def"

// Finds all of them. Runs at start-up: later, the thread might be unable to wait for the loader's lock, or be in a
// signal handler.
void resolve();
bool are_resolved();

} // namespace pqsweep::real
