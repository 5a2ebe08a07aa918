#include "shim/real/libpqs.hh"

#include "shim/base/guards.hh"
#include "shim/base/lock.hh"
#include "shim/real/elf_symbols.hh"
#include "shim/real/libc_functions.hh"
#include "shim/real/loader_gate.hh"

#include <cstring>
#include <dlfcn.h>
#include <link.h>

namespace pqsweep {

namespace {

constexpr char landmark[] = "PQconnectStart";

constinit Libpq libpqs[real::most_libpqs];
constinit std::atomic<int> published;
constinit std::atomic<unsigned long long> objects_searched;
constinit Lock publishing;

int count() {
    return published.load(std::memory_order_acquire);
}

const Libpq* first() {
    return real::libpq_at(0);
}

// Another shim beside ours can define some of libpq's functions. It is not a libpq.
bool is_whole(const Libpq& libpq) {
    return libpq.PQstatus && libpq.PQsocket && libpq.PQfinish && libpq.PQtransactionStatus &&
           libpq.PQgetCancel && libpq.PQparameterStatus;
}

// Two threads can find the same libpq at once. The first one's entry stays.
void publish(const Libpq& found, const void* begin) {
    Lock::Guard guard(publishing);
    int n = count();
    if (n == real::most_libpqs || real::libpq_containing(begin))
        return;
    libpqs[n] = found;
    published.store(n + 1, std::memory_order_release);
}

struct Search {
    int skip;
    uintptr_t begin, end;
    char path[4096];
};

// Stops at the libpq that comes after `skip` others. An executable that defines libpq's functions (its name is empty) is
// bound to itself before any preloaded library: its calls never reach us.
int next_libpq(dl_phdr_info* info, size_t, void* data) {
    auto& search = *static_cast<Search*>(data);
    const ElfW(Dyn)* dynamic = elf_symbols::dynamic_of(*info);
    uintptr_t begin = UINTPTR_MAX, end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr)& header = info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + header.p_vaddr;
        if (header.p_type == PT_LOAD) {
            begin = start < begin ? start : begin;
            end = start + header.p_memsz > end ? start + header.p_memsz : end;
        }
    }
    auto self = reinterpret_cast<uintptr_t>(&libpqs);
    if (!dynamic || !*info->dlpi_name || (begin <= self && self < end) ||
        !elf_symbols::definition(info->dlpi_addr, dynamic, landmark))
        return 0;
    if (search.skip-- > 0)
        return 0;
    search.begin = begin;
    search.end = end;
    size_t length = strnlen(info->dlpi_name, sizeof search.path - 1);
    memcpy(search.path, info->dlpi_name, length);
    search.path[length] = 0;
    return 1;
}

void refresh() {
    unsigned long long loaded = elf_symbols::objects_loaded();
    if (loaded == objects_searched.load(std::memory_order_acquire))
        return;
    loader_gate::Inside inside;
    for (int skip = 0; skip < real::most_libpqs; skip++) {
        Search search;
        search.skip = skip;
        if (!dl_iterate_phdr(next_libpq, &search))
            break;
        auto* begin = reinterpret_cast<const void*>(search.begin);
        if (real::libpq_containing(begin))
            continue;
        // Not inside dl_iterate_phdr: the loader's lists must not change there.
        void* handle = real::dlopen(search.path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
        if (!handle)
            continue;
        Libpq found(search.begin, search.end, handle);
        if (is_whole(found))
            publish(found, begin);
    }
    objects_searched.store(loaded, std::memory_order_release);
}

// Returns what the object at `caller` sees through its own dependencies. Leaves the loader's error in dlerror().
void* seen_by(const void* caller, const char* name) {
    Dl_info info;
    link_map* map = nullptr;
    if (!dladdr1(caller, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) || !map)
        return nullptr;
    void* handle = real::dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD);
    if (!handle)
        return nullptr;
    void* found = real::dlsym(handle, name);
    dlclose(handle);
    return found;
}

} // namespace

Libpq::Libpq(uintptr_t begin, uintptr_t end, void* handle) : begin_(begin), size_(end - begin) {
    ssl_write_ = real::dlsym(handle, "SSL_write");
#define HOOK(kind, result, name, parameters, arguments)                                                      \
    name = reinterpret_cast<decltype(name)>(real::dlsym(handle, #name));
#define USE(name) HOOK(, , name, , )
#include "shim/real/libpq_calls.def"
    dlerror(); // clears the error of a function that an older libpq lacks: the program must not see it
}

int Libpq::number() const {
    return static_cast<int>(this - libpqs);
}

namespace real {

const Libpq* libpq_of(const void* caller) {
    KeepErrno keep;
    refresh();
    const Libpq* libpq = count() > 1 ? libpq_containing(caller) : first();
    if (!libpq && count())
        libpq = libpq_containing(dlsym(RTLD_NEXT, landmark));
    if (!libpq && count())
        libpq = libpq_containing(seen_by(caller, landmark));
    return libpq ? libpq : first();
}

const Libpq* libpq_of_untracked(const void* caller) {
    return count() == 1 ? first() : libpq_of(caller);
}

void look_for_libpqs() {
    KeepErrno keep;
    refresh();
}

const Libpq* libpq_at(int number) {
    return number < count() ? &libpqs[number] : nullptr;
}

const Libpq* libpq_containing(const void* address) {
    for (int i = 0, n = count(); i < n; i++)
        if (libpqs[i].contains(address))
            return &libpqs[i];
    return nullptr;
}

bool may_be_from(const Libpq& libpq, const void* caller, const char* function) {
    return libpq.contains(caller) || elf_symbols::definition_around(caller, function);
}

bool is_visible_from(const void* caller, const char* name, const void* hook) {
    if (dlsym(RTLD_NEXT, name) || dlsym(RTLD_DEFAULT, name) != hook) // behind us, or before us
        return true;
    void* found = seen_by(caller, name);
    if (found != hook)
        return found;
    dlsym(RTLD_NEXT, name); // for the loader's error
    return false;
}

void forget_libpq_finders() {
    publishing.reset();
}

} // namespace real
} // namespace pqsweep
