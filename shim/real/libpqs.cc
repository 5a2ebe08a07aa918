#include "shim/real/libpqs.hh"

#include "shim/base/keep_errno.hh"
#include "shim/base/lock.hh"
#include "shim/real/elf_symbols.hh"
#include "shim/real/libc_functions.hh"

#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pqsweep {

// Finds the loaded objects that define PQconnectStart. By symbol and not by name: a wheel's private libpq has
// any file name and soname. RTLD_NEXT alone sees none that came in with an RTLD_LOCAL plugin.
class Discovery {
public:
    static const Libpq* first() { return at(0); }
    static const Libpq* at(int number) { return number < count() ? &libpqs[number] : nullptr; }
    static int count() { return published.load(std::memory_order_acquire); }
    static const Libpq* containing(const void* address);
    static unsigned long long objects_loaded();
    static void refresh();
    static void* definition_around(const void* address, const char* name);
    static void* first_definition(const char* name);
    static void in_loader(void (*act)(void*), void* data);
    static void before_fork();
    static void after_fork(bool is_child);

private:
    class InLoader;
    static constexpr int most = real::most_libpqs;
    struct Object {
        uintptr_t begin, size;
        char path[4096];
    };
    struct Search {
        Object object;
        int skip;
        unsigned long long adds;
    };

    static int count_adds(dl_phdr_info* info, size_t, void* adds);
    static int next_libpq(dl_phdr_info* info, size_t, void* search);
    static void publish(const Object& object, void* handle);

    static constinit Libpq libpqs[most];
    static constinit std::atomic<int> published;
    static constinit std::atomic<unsigned long long> adds_seen;
    static constinit Lock publishing;
};

constinit Libpq Discovery::libpqs[most];
constinit std::atomic<int> Discovery::published;
constinit std::atomic<unsigned long long> Discovery::adds_seen;
constinit Lock Discovery::publishing;

namespace {

constexpr char landmark[] = "PQconnectStart";
} // namespace

const Libpq* Discovery::containing(const void* address) {
    for (int i = 0, n = count(); i < n; i++)
        if (libpqs[i].contains(address))
            return &libpqs[i];
    return nullptr;
}

int Discovery::count_adds(dl_phdr_info* info, size_t, void* adds) {
    *static_cast<unsigned long long*>(adds) = info->dlpi_adds;
    return 1;
}

// Stops at the libpq that comes after `skip` others. An executable (its name is empty) that defines libpq's
// functions is bound to itself before any preloaded library: nothing there for us.
int Discovery::next_libpq(dl_phdr_info* info, size_t, void* data) {
    auto& search = *static_cast<Search*>(data);
    const ElfW(Dyn)* dynamic = dynamic_of(*info);
    uintptr_t begin = UINTPTR_MAX, end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr)& header = info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + header.p_vaddr;
        if (header.p_type == PT_LOAD) {
            begin = start < begin ? start : begin;
            end = start + header.p_memsz > end ? start + header.p_memsz : end;
        }
    }
    auto self = reinterpret_cast<uintptr_t>(&adds_seen);
    if (!dynamic || !*info->dlpi_name || (begin <= self && self < end) ||
        !definition(info->dlpi_addr, dynamic, landmark))
        return 0;
    if (search.skip-- > 0)
        return 0;
    search.object.begin = begin;
    search.object.size = end - begin;
    size_t length = strnlen(info->dlpi_name, sizeof search.object.path - 1);
    memcpy(search.object.path, info->dlpi_name, length);
    search.object.path[length] = 0;
    return 1;
}

// Two threads may find the same libpq at once; the first one's entry stays.
void Discovery::publish(const Object& object, void* handle) {
    Libpq found;
    found.begin_ = object.begin;
    found.size_ = object.size;
    found.ssl_write_ = real::dlsym(handle, "SSL_write");
#define HOOK(kind, result, name, parameters, arguments)                                                      \
    found.name = reinterpret_cast<decltype(found.name)>(real::dlsym(handle, #name));
#define USE(name) HOOK(, , name, , )
#include "shim/real/libpq_calls.def"
    // Another shim beside ours may define some of libpq's functions, and is no libpq.
    bool is_whole = found.PQstatus && found.PQsocket && found.PQfinish && found.PQtransactionStatus &&
                    found.PQgetCancel && found.PQparameterStatus;
    dlerror(); // an older libpq lacks some of them, which is no error of the program's
    Lock::Guard guard(publishing);
    int n = count();
    for (int i = 0; i < n; i++)
        if (libpqs[i].begin_ == object.begin)
            return;
    if (is_whole && n < most) {
        found.number_ = n;
        libpqs[n] = found;
        published.store(n + 1, std::memory_order_release);
    }
}

// Counts the threads that may hold the loader's lock on our behalf.
class Discovery::InLoader {
public:
    InLoader() {
        for (int turn = 0; threads.fetch_add(1) + 1 && is_forking && turn < patience; turn++) {
            threads.fetch_sub(1);
            pause(turn);
        }
    }
    ~InLoader() { threads.fetch_sub(1); }
    InLoader(const InLoader&) = delete;
    InLoader& operator=(const InLoader&) = delete;

    // A fork takes milliseconds, and on a busy machine a thread may not run for tens of them.
    static constexpr int patience = 200;
    static void pause(int turn) {
        constexpr timespec millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
        if (turn < patience / 2)
            sched_yield();
        else
            syscall(SYS_nanosleep, &millisecond, nullptr); // libc's is a cancellation point
    }
    static constinit std::atomic<int> threads;
    static constinit std::atomic<bool> is_forking;
};
constinit std::atomic<int> Discovery::InLoader::threads;
constinit std::atomic<bool> Discovery::InLoader::is_forking;

void Discovery::in_loader(void (*act)(void*), void* data) {
    InLoader guard;
    act(data);
}

void Discovery::before_fork() {
    InLoader::is_forking = true;
    for (int turn = 0; InLoader::threads > 0 && turn < InLoader::patience; turn++)
        InLoader::pause(turn);
}

void Discovery::after_fork(bool is_child) {
    InLoader::is_forking = false;
    if (!is_child)
        return;
    InLoader::threads = 0;
    publishing.reset();
}

unsigned long long Discovery::objects_loaded() {
    InLoader guard;
    unsigned long long adds = 0;
    dl_iterate_phdr(count_adds, &adds);
    return adds;
}

// dlopen only after dl_iterate_phdr has returned: inside it, the loader's lists must not change.
void Discovery::refresh() {
    unsigned long long adds = objects_loaded();
    if (adds == adds_seen.load(std::memory_order_acquire))
        return;
    InLoader guard;
    for (int skip = 0; skip < most; skip++) {
        Search search;
        search.skip = skip;
        if (!dl_iterate_phdr(next_libpq, &search))
            break;
        if (containing(reinterpret_cast<const void*>(search.object.begin)))
            continue;
        if (void* handle = real::dlopen(search.object.path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE))
            publish(search.object, handle);
    }
    adds_seen.store(adds, std::memory_order_release);
}

void* Discovery::definition_around(const void* address, const char* name) {
    InLoader guard;
    Dl_info info;
    link_map* map = nullptr;
    bool is_known = dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) && map;
    return is_known ? definition(map->l_addr, map->l_ld, name) : nullptr;
}

void* Discovery::first_definition(const char* name) {
    InLoader guard;
    struct Wanted {
        const char* name;
        void* found;
        char path[4096]; // empty for the program
    } wanted{name, nullptr, {}};
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* data) {
            auto& it = *static_cast<Wanted*>(data);
            if (const ElfW(Dyn)* dynamic = dynamic_of(*info))
                it.found = definition(info->dlpi_addr, dynamic, it.name);
            if (it.found)
                memcpy(it.path, info->dlpi_name, strnlen(info->dlpi_name, sizeof it.path - 1));
            return it.found ? 1 : 0;
        },
        &wanted);
    if (*wanted.path && !real::dlopen(wanted.path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE))
        return nullptr;
    return wanted.found;
}

namespace real {

namespace {

// What the object at `caller` sees through its own dependencies. Leaves the loader's error in dlerror().
void* seen_by(const void* caller, const char* name) {
    Dl_info info;
    link_map* map = nullptr;
    if (!dladdr1(caller, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) || !map)
        return nullptr;
    void* handle = dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD);
    if (!handle)
        return nullptr;
    void* found = dlsym(handle, name);
    dlclose(handle);
    return found;
}

} // namespace

const Libpq* libpq_of(const void* caller) {
    KeepErrno keep;
    Discovery::refresh();
    const Libpq* libpq = Discovery::count() > 1 ? Discovery::containing(caller) : Discovery::first();
    if (!libpq && Discovery::count())
        libpq = Discovery::containing(dlsym(RTLD_NEXT, landmark));
    if (!libpq && Discovery::count())
        libpq = Discovery::containing(seen_by(caller, landmark));
    return libpq ? libpq : Discovery::first();
}

const Libpq* libpq_of_untracked(const void* caller) {
    return Discovery::count() == 1 ? Discovery::first() : libpq_of(caller);
}

const Libpq* libpq_at(int number) {
    return Discovery::at(number);
}

void look_for_libpqs() {
    KeepErrno keep;
    Discovery::refresh();
}

const Libpq* libpq_containing(const void* address) {
    return Discovery::containing(address);
}

bool is_visible_from(const void* caller, const char* name, const void* hook) {
    if (dlsym(RTLD_NEXT, name) || dlsym(RTLD_DEFAULT, name) != hook) // behind us, or before us
        return true;
    void* found = seen_by(caller, name);
    if (found != hook)
        return found;
    dlsym(RTLD_NEXT, name);
    return false;
}

bool may_be_from(const Libpq& libpq, const void* caller, const char* function) {
    return libpq.contains(caller) || definition_around(caller, function);
}

unsigned long long objects_loaded() {
    return Discovery::objects_loaded();
}

void* definition_around(const void* address, const char* name) {
    return Discovery::definition_around(address, name);
}

void* first_definition(const char* name) {
    return Discovery::first_definition(name);
}

void in_loader(void (*act)(void*), void* data) {
    Discovery::in_loader(act, data);
}

void before_fork() {
    Discovery::before_fork();
}
void after_fork(bool is_child) {
    Discovery::after_fork(is_child);
}

} // namespace real
} // namespace pqsweep
