// Finds the libpqs of the process and their functions: `libpq.PQstatus(conn)` calls the PQstatus of one loaded libpq.
//
// A process can have several. dlsym(RTLD_NEXT) finds no libpq that came in with an RTLD_LOCAL plugin (psycopg2,
// DBD::Pg), and tail calls hide the caller's return address. So the search looks for the loaded objects that define
// PQconnectStart, by symbol: the private libpq of a Python wheel can have any name [two_libpqs, tail_call].
//
// A libpq is never unloaded once it is found (RTLD_NODELETE), and no Libpq object is freed.
#pragma once

#include "shim/base/relaxed.hh"

#include <cstdint>
#include <libpq-fe.h>

#define HOOK(kind, result, name, parameters, arguments) extern "C" result name parameters;
#include "shim/real/libpq_calls.def"

namespace pqsweep {

enum class Call : uint16_t {
#define HOOK(kind, result, name, parameters, arguments) name,
#define USE(name) name,
#include "shim/real/libpq_calls.def"
};

// The functions of one loaded libpq; null if that libpq lacks one.
struct LibpqFunctions {
// NOLINTNEXTLINE(bugprone-macro-parentheses): a declared name
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

class Libpq : public LibpqFunctions {
public:
    constexpr Libpq() = default;
    // The libpq that is mapped from `begin` to `end`; `handle` is dlopen's.
    Libpq(uintptr_t begin, uintptr_t end, void* handle);

    template<Call call>
    typename Function<call>::Type get() const {
        return this->*Function<call>::member;
    }
    // OpenSSL's SSL_write as this libpq sees it, or null.
    auto ssl_write() const {
        return reinterpret_cast<int (*)(void* ssl, const void* bytes, int size)>(ssl_write_);
    }
    bool contains(const void* address) const { return reinterpret_cast<uintptr_t>(address) - begin_ < size_; }
    // Returns the n for which real::libpq_at(n) is this libpq.
    int number() const;

    mutable Relaxed<bool> has_tls_handler; // see terminate_at_exit.hh
    mutable Relaxed<bool> is_witnessed;    // see witness.hh

private:
    uintptr_t begin_ = 0;
    uintptr_t size_ = 0;
    void* ssl_write_ = nullptr;
};

// Context: any thread, not a signal handler. errno: kept, except by may_be_from() and is_visible_from(). Locks: the
// loader's, except in libpq_at() and libpq_containing().
namespace real {

// Returns the libpq that code at `caller` is bound to, as the loader would bind it without us. That is the first one
// in the global scope, else the one that the caller's object depends on, else the first one found. Null if the process
// has none.
const Libpq* libpq_of(const void* caller);

// Returns the same for a call with a PGconn that we do not track. Asks the loader only if there are several libpqs.
const Libpq* libpq_of_untracked(const void* caller);

// Finds the libpqs that were loaded since the last look.
void look_for_libpqs();

// Returns a libpq by its number, in the order in which they were found; null past the last one.
constexpr int most_libpqs = 16;
const Libpq* libpq_at(int number);

// Returns the libpq that `address` is in; null if it is in none that was found.
const Libpq* libpq_containing(const void* address);

// Returns whether `libpq` can be the caller of a libc function of that name. `caller` is in this libpq, or in another
// interposer of the function that passed the call on: a sanitizer's runtime in front of us is all that our close() and
// socket() see [threads, with tsan].
bool may_be_from(const Libpq& libpq, const void* caller, const char* function);

// Returns whether code at `caller` would find a function `name` without us, in the global scope or in its object's
// dependencies. `hook` is our function of that name. If false, the loader's error is in dlerror().
bool is_visible_from(const void* caller, const char* name, const void* hook);

// For the fork handlers: frees the lock that a thread of the parent can have held.
void forget_libpq_finders();

} // namespace real
} // namespace pqsweep
