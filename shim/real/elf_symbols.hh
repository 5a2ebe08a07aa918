// Reads the symbol tables of the objects that the loader has loaded. Unlike dlsym(), it finds a symbol that the caller
// is not bound to, in an object of any scope. And it does not take the lock that dlopen() and dlclose() hold while they run
// constructors and destructors, of which one can wait for a thread that connects [plugin_connects].
//
// Nothing here keeps an object loaded. Code that keeps an address calls changes() before it uses the address.
//
// Context: any thread, not a signal handler. errno: kept. Locks: the one of the loader's list of objects, inside
// loader_gate.
#pragma once

#include "shim/real/loader_gate.hh"

#include <cstdint>
#include <link.h>
#include <string_view>

namespace pqsweep::elf_symbols {

struct Object {
    const char* name = ""; // its file's; empty for the program
    ElfW(Addr) base;
    uintptr_t begin, end;
    const ElfW(Dyn) * dynamic; // null if it has none
    std::string_view notes{};  // bytes of the object

    bool contains(const void* address) const {
        auto place = reinterpret_cast<uintptr_t>(address);
        return place >= begin && place < end;
    }
    // Returns whether it is libpqsweep.so.
    bool is_ours() const;
};

Object object_in(const dl_phdr_info& info);

// Returns libc's own dl_iterate_phdr(). A sanitizer's runtime has one, too, which fails before the runtime is ready: and by then
// the runtime has called our dlsym() [hosts].
decltype(&dl_iterate_phdr) libcs_dl_iterate_phdr();

// Calls visit(object) for each, in the order in which they were loaded, until one call returns true. The objects that were
// loaded at start-up come first, in the order in which the loader looks symbols up.
template<class Visit>
void each_object(Visit visit) {
    loader_gate::Inside inside;
    libcs_dl_iterate_phdr()([](dl_phdr_info* info, size_t,
                               void* data) { return (*static_cast<Visit*>(data))(object_in(*info)) ? 1 : 0; },
                            &visit);
}

// Returns a number that is another one after an object has come or gone.
unsigned long long changes();

// Returns the table of an object's strings; null if it has none.
const char* strings_of(const Object& object);

// Returns the object that contains `address`. Without one, its dynamic section is null.
Object object_around(const void* address);

// Returns the bytes by which the linker tells two builds of an object apart; empty: it has none.
std::string_view build_id_of(const Object& object);

// The symbols that an object defines.
class Symbols {
public:
    explicit Symbols(const Object& object);

    // Returns the symbol's address; null if the object does not define it.
    void* find(const char* name) const;
    // Returns whether `needed`, from an object's list of those that it needs, means this object.
    bool are_of(const char* needed) const;

private:
    using Symbol = ElfW(Sym);
    bool is(uint32_t i, const char* name) const;
    uint32_t in_gnu_hash(const char* name) const;
    uint32_t in_sysv_table(const char* name) const;

    ElfW(Addr) base_;
    const char* file_;
    const Symbol* symbols_ = nullptr;
    const char* strings_ = nullptr;
    const uint32_t* gnu_ = nullptr;
    const uint32_t* sysv_ = nullptr;
    const uint16_t* versions_ = nullptr;
    const char* soname_ = nullptr;
};

// Calls visit(name) for each object that this one needs, until one call returns true.
template<class Visit>
void each_needed(const Object& object, Visit visit) {
    const char* strings = strings_of(object);
    for (const ElfW(Dyn)* entry = object.dynamic; strings && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_NEEDED && visit(strings + entry->d_un.d_val))
            return;
}

// Calls visit(place, name) for each word of `object` that the loader has set to an address in libpqsweep.so, because the object
// refers weakly to a symbol of that name.
void each_weak_reference_to_us(const Object& object, void (*visit)(void* const* place, const char* name));

// Returns the loaded object that a need of that name means. Without one, its dynamic section is null.
Object object_called(const char* needed);

// Returns where the loader looks for what an object needs; null if the object does not say.
const char* run_path(const Object& object);

// Returns the address of `name` in the object that contains `address`, or else of `former_name`, which older versions of that
// object have instead. Null if the object defines neither.
void* definition_around(const void* address, const char* name, const char* former_name = nullptr);

// Returns the address of `name` in the first object that defines it, libpqsweep.so excepted; null if there is none.
void* first_definition(const char* name);

// Remembers which objects were loaded at start-up: they are the global scope, in the order in which symbols are looked up.
void note_start_up();

// Calls visit(object) for each object that was loaded at start-up, until one call returns true. Before note_start_up(), for each
// that is loaded. Calls nothing of libc's, but on musl dl_iterate_phdr(). An object's addresses and notes are not filled in.
void each_at_start(bool (*visit)(const Object& object, void* context), void* context);
template<class Visit>
void each_at_start(Visit visit) {
    each_at_start([](const Object& object, void* context) { return (*static_cast<Visit*>(context))(object); },
                  &visit);
}

// Returns whether each_at_start() takes no lock. Then it can be called in a signal handler.
bool are_found_without_lock();

// Returns the address of `name` in the first object of start-up behind libpqsweep.so that defines it, as dlsym(RTLD_NEXT) does; null
// if there is none.
void* definition_behind_us(const char* name);

// Returns the definition of `name` in an object that this one needs, by itself or, at a greater depth, through those that it
// needs. libpqsweep.so is excepted.
void* needed_definition(const Object& object, const char* name, int depth);

} // namespace pqsweep::elf_symbols
