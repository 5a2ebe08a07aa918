// Finds the libpqs of the process and their functions: `libpq.PQstatus(conn)` calls the PQstatus of one loaded libpq.
//
// A process can have several. dlsym(RTLD_NEXT) finds no libpq that came in with an RTLD_LOCAL plugin (psycopg2,
// DBD::Pg), and tail calls hide the caller's return address. So the search looks for the loaded objects that define
// PQconnectStart, by symbol: the private libpq of a Python wheel can have any name [two_libpqs, tail_call].
//
// An object that defines only some of libpq's functions is no libpq: a mock, another library like ours, a program's own
// library with part of a static libpq. A call that means such a function falls through to it [mocked, plugs_mock].
//
// Once it is found, a libpq stays: a dlclose() keeps it loaded, and no Libpq object is freed. One that is first found by a
// destructor during dlclose() goes with it.
#pragma once

#include "shim/base/relaxed.hh"
#include "shim/real/elf_symbols.hh"

#include <cstdint>
#include <libpq-fe.h>

using PGcancelConn = struct pg_cancel_conn; // of libpq 17 and later

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
    explicit Libpq(const elf_symbols::Object& object);

    template<Call call>
    typename Function<call>::Type get() const {
        return this->*Function<call>::member;
    }
    // A libpq before 14 has no pipelines.
    PGpipelineStatus pipeline_status(const PGconn* conn) const {
        return PQpipelineStatus ? PQpipelineStatus(conn) : PQ_PIPELINE_OFF;
    }
    // OpenSSL's SSL_write as this libpq sees it, or null.
    auto ssl_write() const {
        return reinterpret_cast<int (*)(void* ssl, const void* bytes, int size)>(ssl_write_);
    }
    bool contains(const void* address) const { return reinterpret_cast<uintptr_t>(address) - begin_ < size_; }
    const void* begin() const { return reinterpret_cast<const void*>(begin_); }
    bool is_of(const elf_symbols::Object& object) const { return begin_ == object.begin; }
    // Returns the n for which real::libpq_at(n) is this libpq.
    int number() const;

    Relaxed<bool> is_gone;                 // unloaded
    Relaxed<bool> is_kept;                 // is never unloaded
    mutable Relaxed<bool> has_tls_handler; // see terminate_at_exit.hh
    mutable Relaxed<bool> is_witnessed;    // see witness.hh

private:
    uintptr_t begin_ = 0;
    uintptr_t size_ = 0;
    void* ssl_write_ = nullptr;
};

// Context: any thread, not a signal handler. errno: kept, except by keep_libpqs() and is_visible_from(), which take the
// loader's lock. Locks: the one of the loader's list of objects, except in libpq_at() and libpq_containing().
namespace real {

// What a call of the program's means without us.
struct Binding {
    const Libpq* libpq; // null: no libpq
    void* function;     // what the call falls through to then; null if nothing defines the function

    template<Call call>
    auto get() const {
        return libpq ? libpq->get<call>() : reinterpret_cast<typename Function<call>::Type>(function);
    }
};

// Returns what `call` means to code at `caller`, as the loader would bind it without us. That is the first definition in
// the global scope, else the one in the caller's object or in what that needs, else the first libpq. A libpq's own calls
// mean itself, unless an object that is no libpq stands before it in the global scope.
Binding binding_of(const void* caller, Call call);

// Returns the same for a call with a PGconn that we do not track. Searches only if there is a choice.
Binding binding_of_untracked(const void* caller, Call call);

// Returns whether an object that defines these is a libpq.
bool is_libpq(const elf_symbols::Symbols& symbols);

// Finds the libpqs that were loaded since the last look.
void look_for_libpqs();

// Has the loader keep the libpqs that were found. For dlclose().
void keep_libpqs();

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

} // namespace real
} // namespace pqsweep
