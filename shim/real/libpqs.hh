// The functions behind the hooks: libc's, and those of every libpq in the process.
#pragma once

#include "shim/base/relaxed.hh"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <libpq-fe.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOOK(kind, result, name, parameters, arguments) extern "C" result name parameters;
#include "shim/real/libpq_calls.def"

namespace pqsweep {

enum class Call : uint16_t {
#define HOOK(kind, result, name, parameters, arguments) name,
#define USE(name) name,
#include "shim/real/libpq_calls.def"
};

// The functions of one loaded libpq, called as `libpq.PQstatus(conn)`; null where that libpq lacks one.
struct LibpqFunctions {
#define HOOK(kind, result, name, parameters, arguments) decltype(&::name) name = nullptr;
#define USE(name) HOOK(, , name, , )
#include "shim/real/libpq_calls.def"
};

// The member of LibpqFunctions that a hook's template parameter stands for.
template<Call>
struct Function;
#define HOOK(kind, result, name, parameters, arguments)                                                      \
    template<>                                                                                               \
    struct Function<Call::name> {                                                                            \
        using Type = decltype(&::name);                                                                      \
        static constexpr auto member = &LibpqFunctions::name;                                                \
    };
#define USE(name) HOOK(, , name, , )
#include "shim/real/libpq_calls.def"

// One loaded libpq. Never unloaded once found (RTLD_NODELETE), and an object of this type is never freed.
class Libpq : public LibpqFunctions {
public:
    template<Call call>
    typename Function<call>::Type get() const {
        return this->*Function<call>::member;
    }
    // OpenSSL's SSL_write as this libpq sees it, or null.
    auto ssl_write() const {
        return reinterpret_cast<int (*)(void* ssl, const void* bytes, int size)>(ssl_write_);
    }
    // See real::libpq_at().
    int number() const { return number_; }
    bool contains(const void* address) const { return reinterpret_cast<uintptr_t>(address) - begin_ < size_; }

    mutable Relaxed<bool> has_tls_handler; // see terminate_at_exit.hh
    mutable Relaxed<bool> is_witnessed;    // see witness.hh

private:
    friend class Discovery;
    uintptr_t begin_ = 0;
    uintptr_t size_ = 0;
    int number_ = 0;
    void* ssl_write_ = nullptr;
};

namespace real {

// The libpq that code at `caller` is bound to, as the loader would bind it without us: the first in the
// global scope, else the one that the caller's object depends on, else the only (or first) one there is.
// Null when the process has none. Takes the loader's lock; keeps errno.
const Libpq* libpq_of(const void* caller);

// The same for a call with a PGconn that we do not track; asks the loader only where there is a choice.
const Libpq* libpq_of_untracked(const void* caller);

// Whether `libpq` may be what called a libc function of that name: `caller` is in it, or in another interposer of
// the function (a sanitizer's runtime, say) that passed its call on. Takes the loader's lock.
bool may_be_from(const Libpq& libpq, const void* caller, const char* function);

// Around a fork: glibc does not reset the loader's lock in the child, so none of us may be holding it then. Waits
// about a tenth of a second at most.
void before_fork();
void after_fork(bool is_child);

// Every libpq has a number, from 0 on; null past the last one that was found.
constexpr int most_libpqs = 16;
const Libpq* libpq_at(int number);
// Finds those that were loaded since the last look. Takes the loader's lock; keeps errno.
void look_for_libpqs();
// The one that `address` is in; null if it is in none that was found.
const Libpq* libpq_containing(const void* address);

// Whether code at `caller` would find a function `name` without us, whose own is `hook`, in the global scope or in
// its object's dependencies. Takes the loader's lock; where it would not, dlerror() says so.
bool is_visible_from(const void* caller, const char* name, const void* hook);

// How many objects the loader has ever loaded, for who need not look among the same ones again. Takes the loader's lock.
unsigned long long objects_loaded();

// What the object that `address` is in defines as `name`, and what the first of all objects that has that name does,
// whoever may see it; or null. That one is not unloaded any more. Both take the loader's lock.
void* definition_around(const void* address, const char* name);
void* first_definition(const char* name);

// Calls what takes the loader's lock. Not from inside itself, nor together with what does so by itself.
void in_loader(void (*act)(void* data), void* data);

} // namespace real
} // namespace pqsweep
