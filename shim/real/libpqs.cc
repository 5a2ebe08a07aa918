#include "shim/real/libpqs.hh"

#include "shim/base/fixed_text.hh"
#include "shim/base/guards.hh"
#include "shim/base/process_page.hh"
#include "shim/base/sanitizers.hh"
#include "shim/real/libc_functions.hh"

#include <cstring>
#include <dlfcn.h>

namespace pqsweep {

namespace {

using elf_symbols::Object;
using elf_symbols::Symbols;

constexpr FixedText<29> names[] = {
#define HOOK(kind, result, name, parameters, arguments) #name,
#define USE(name) #name,
#include "shim/real/libpq_calls.def"
};
const char* name_of(Call call) {
    return names[static_cast<int>(call)].c_str();
}

constinit Libpq libpqs[real::most_libpqs];
constinit std::atomic<int> published;
constinit std::atomic<unsigned long long> changes_searched;
constinit Relaxed<bool> has_partial; // an object that is no libpq defines some of its functions

int count() {
    return published.load(std::memory_order_acquire);
}

const Libpq* first() {
    for (int i = 0, n = count(); i < n; i++)
        if (!libpqs[i].is_gone)
            return &libpqs[i];
    return nullptr;
}

bool defines_some(const Symbols& symbols) {
    for (Call call :
         {Call::PQconnectdb, Call::PQconnectdbParams, Call::PQconnectStart, Call::PQexec, Call::PQgetResult,
          Call::PQfinish, Call::PQresultErrorMessage, Call::PQresultErrorField})
        if (symbols.find(name_of(call)))
            return true;
    return false;
}

bool is_published(const Object& object) {
    for (int i = 0, n = count(); i < n; i++)
        if (!libpqs[i].is_gone && libpqs[i].is_of(object))
            return true;
    return false;
}

// Two threads can find the same libpq at once. The first one's entry stays.
void publish(const Object& object) {
    if (is_published(object))
        return;
    Libpq found(object);
    Lock::Guard guard(process_page::writable().publishing);
    int n = count();
    if (is_published(object) || n == real::most_libpqs)
        return;
    libpqs[n] = found;
    published.store(n + 1, std::memory_order_release);
}

// An executable that defines libpq's functions (its name is empty) is bound to itself before any preloaded library: its
// calls never reach us.
void search() {
    bool any_partial = false;
    Object found[real::most_libpqs];
    int found_count = 0;
    elf_symbols::each_object([&](const Object& object) {
        Symbols symbols(object);
        if (!*object.name || object.is_ours() || !defines_some(symbols))
            return false;
        bool is_libpq = real::is_libpq(symbols);
        any_partial |= !is_libpq;
        if (is_libpq)
            found[found_count++] = object;
        return found_count == real::most_libpqs;
    });
    has_partial = any_partial;
    for (int i = 0, n = count(); i < n; i++) {
        bool is_there = false;
        for (int j = 0; j < found_count; j++)
            is_there |= libpqs[i].is_of(found[j]);
        if (!is_there)
            libpqs[i].is_gone = true;
    }
    for (int j = 0; j < found_count; j++)
        publish(found[j]);
}

void refresh() {
    unsigned long long changes = elf_symbols::changes();
    if (changes == changes_searched.load(std::memory_order_acquire))
        return;
    search();
    changes_searched.store(changes, std::memory_order_release);
}

// Returns what every call means while there is no choice; null if there is one.
const Libpq* only_libpq() {
    return count() == 1 && !has_partial && !libpqs[0].is_gone ? &libpqs[0] : nullptr;
}

// Returns the definition that an object that is no libpq puts before those of all libpqs.
void* shadow_of(const char* name) {
    void* found = has_partial ? elf_symbols::definition_behind_us(name) : nullptr;
    return real::libpq_containing(found) ? nullptr : found;
}

// Returns what code at `caller` sees through its own object and what that needs.
void* seen_by(const void* caller, const char* name) {
    constexpr int depth = 2;
    Object object = elf_symbols::object_around(caller);
    void* own = object.is_ours() ? nullptr : Symbols(object).find(name);
    return own ? own : elf_symbols::needed_definition(object, name, depth);
}

real::Binding bind(const void* caller, Call call) {
    const char* name = name_of(call);
    if (const Libpq* only = only_libpq())
        return {only, nullptr};
    if (void* shadow = shadow_of(name))
        return {nullptr, shadow};
    if (const Libpq* own = real::libpq_containing(caller))
        return {own, nullptr};
    void* function = elf_symbols::definition_behind_us(name);
    if (!function)
        function = seen_by(caller, name);
    if (!function && !first())
        function = elf_symbols::first_definition(name); // in a mock that dlopen() put into the global scope
    const Libpq* libpq = function ? real::libpq_containing(function) : first();
    return {libpq, function};
}

// Kept apart, so that a call without a choice needs no stack.
[[gnu::noinline]] real::Binding choose(const void* caller, Call call) {
    Unseen unseen;
    return real::binding_of(caller, call);
}

} // namespace

Libpq::Libpq(const Object& object)
    : begin_(object.begin), size_(object.end - object.begin),
      ssl_write_(elf_symbols::needed_definition(object, "SSL_write", 1)) {
    Symbols symbols(object);
    auto shadow_or_own = [&](const char* name) {
        void* shadow = shadow_of(name);
        return shadow ? shadow : symbols.find(name);
    };
#define HOOK(kind, result, name, parameters, arguments)                                                      \
    name = reinterpret_cast<decltype(name)>(shadow_or_own(#name));
#define USE(name) name = reinterpret_cast<decltype(name)>(symbols.find(#name));
#include "shim/real/libpq_calls.def"
}

int Libpq::number() const {
    return static_cast<int>(this - libpqs);
}

namespace real {

Binding binding_of(const void* caller, Call call) {
    refresh();
    return bind(caller, call);
}

Binding binding_of_untracked(const void* caller, Call call) {
    const Libpq* only = only_libpq();
    return only ? Binding{only, nullptr} : choose(caller, call);
}

// These are the functions that we call without asking whether they are there.
bool is_libpq(const Symbols& symbols) {
    for (const char* name :
         {"PQconnectStart",      "PQconnectPoll", "PQfinish",       "PQstatus",    "PQsocket",
          "PQtransactionStatus", "PQuser",        "PQdb",           "PQhost",      "PQbackendPID",
          "PQparameterStatus",   "PQgetCancel",   "PQfreeCancel",   "PQexec",      "PQgetResult",
          "PQconsumeInput",      "PQisBusy",      "PQresultStatus", "PQcmdStatus", "PQclear"})
        if (!symbols.find(name))
            return false;
    return true;
}

void look_for_libpqs() {
    refresh();
}

void keep_libpqs() {
    for (int i = 0, n = count(); i < n; i++) {
        Libpq& libpq = libpqs[i];
        if (libpq.is_gone || libpq.is_kept)
            continue;
        libpq.is_kept = true;
        Object object = elf_symbols::object_around(libpq.begin());
        loader_gate::Inside inside;
        dlopen(object.name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    }
}

const Libpq* libpq_at(int number) {
    return number < count() ? &libpqs[number] : nullptr;
}

const Libpq* libpq_containing(const void* address) {
    for (int i = 0, n = count(); i < n; i++)
        if (!libpqs[i].is_gone && libpqs[i].contains(address))
            return &libpqs[i];
    return nullptr;
}

bool may_be_from(const Libpq& libpq, const void* caller, const char* function) {
    return libpq.contains(caller) || elf_symbols::definition_around(caller, function);
}

bool is_visible_from(const void* caller, const char* name, const void* hook) {
    if (dlsym(RTLD_NEXT, name) || dlsym(RTLD_DEFAULT, name) != hook) // behind us, or before us
        return true;
    if (seen_by(caller, name))
        return true;
    dlsym(RTLD_NEXT, name); // for the loader's error
    return false;
}

} // namespace real
} // namespace pqsweep
