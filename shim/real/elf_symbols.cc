#include "shim/real/elf_symbols.hh"

#include "shim/base/at_start.hh"
#include "shim/base/relaxed.hh"

#include <atomic>
#include <climits>
#include <cstring>
#include <elf.h>

extern "C" {
// The linker's: our own dynamic section, and our first byte and the one behind our last.
[[gnu::visibility("hidden")]] extern const ElfW(Dyn) own_dynamic[] __asm__("_DYNAMIC");
[[gnu::visibility("hidden")]] extern const char own_begin[] __asm__("__ehdr_start");
[[gnu::visibility("hidden")]] extern const char own_end[] __asm__("_end");
// glibc's list of the loaded objects, for debuggers. musl has none of that name.
[[gnu::weak]] extern r_debug loaded_objects __asm__("_r_debug");
}

namespace pqsweep::elf_symbols {

namespace {

// Symbol 0 of each table stands for none.
constexpr uint32_t none = 0;

constexpr size_t note_alignment = 4;

TOUCHED_AT_START constinit Relaxed<int> at_start; // objects; 0: not counted yet

// Not strcmp(): a sanitizer's runtime asks us for functions before its own strcmp() is ready [threads, with tsan].
bool are_same(const char* a, const char* b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

uint32_t gnu_hash(const char* name) {
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + static_cast<unsigned char>(*name);
    return hash;
}

// glibc relocates the pointers in a dynamic section on most architectures. musl does not.
template<class T>
const T* in_memory(ElfW(Addr) base, ElfW(Addr) pointer) {
    return reinterpret_cast<const T*>(pointer < base ? base + pointer : pointer);
}

const char* file_name(const char* path) {
    const char* name = path;
    for (; *path; path++)
        if (*path == '/')
            name = path + 1;
    return name;
}

} // namespace

bool Object::is_ours() const {
    return dynamic == own_dynamic;
}

bool is_in_our_object(const void* address) {
    return address >= own_begin && address < own_end;
}

Object object_in(const dl_phdr_info& info) {
    Object object{.name = info.dlpi_name ? info.dlpi_name : "",
                  .base = info.dlpi_addr,
                  .begin = UINTPTR_MAX,
                  .end = 0,
                  .dynamic = nullptr};
    for (int i = 0; i < info.dlpi_phnum; i++) {
        const ElfW(Phdr)& header = info.dlpi_phdr[i];
        uintptr_t start = info.dlpi_addr + header.p_vaddr;
        if (header.p_type == PT_DYNAMIC)
            object.dynamic = reinterpret_cast<const ElfW(Dyn)*>(start);
        // Those that are aligned to 8 bytes are properties of the code.
        if (header.p_type == PT_NOTE && header.p_align <= note_alignment && object.notes.empty())
            object.notes = {reinterpret_cast<const char*>(start), header.p_memsz};
        if (header.p_type == PT_LOAD) {
            object.begin = start < object.begin ? start : object.begin;
            object.end = start + header.p_memsz > object.end ? start + header.p_memsz : object.end;
        }
    }
    return object;
}

unsigned long long changes() {
    loader_gate::Inside inside;
    unsigned long long count = 0;
    libcs_dl_iterate_phdr()(
        [](dl_phdr_info* info, size_t, void* sum) {
            *static_cast<unsigned long long*>(sum) = info->dlpi_adds + info->dlpi_subs;
            return 1;
        },
        &count);
    return count;
}

Object object_around(const void* address) {
    Object found{};
    each_object([&](const Object& object) {
        if (!object.contains(address))
            return false;
        found = object;
        return true;
    });
    return found;
}

std::string_view build_id_of(const Object& object) {
    auto padded = [](size_t length) { return (length + note_alignment - 1) & ~(note_alignment - 1); };
    constexpr std::string_view owner(ELF_NOTE_GNU, sizeof ELF_NOTE_GNU);
    for (std::string_view notes = object.notes; notes.size() > sizeof(ElfW(Nhdr));) {
        ElfW(Nhdr) note;
        memcpy(&note, notes.data(), sizeof note);
        size_t begin = sizeof note + padded(note.n_namesz), end = begin + padded(note.n_descsz);
        if (end > notes.size())
            break;
        if (note.n_type == NT_GNU_BUILD_ID &&
            std::string_view(notes.data() + sizeof note, note.n_namesz) == owner)
            return {notes.data() + begin, note.n_descsz};
        notes.remove_prefix(end);
    }
    return {};
}

const char* strings_of(const Object& object) {
    for (const ElfW(Dyn)* entry = object.dynamic; entry && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_STRTAB)
            return in_memory<char>(object.base, entry->d_un.d_ptr);
    return nullptr;
}

// An object has one table of references that are bound when it is loaded, relative ones first, and one of those that can be bound
// when they are first called.
void each_weak_reference_to_us(const Object& object, void (*visit)(void* const* place, const char* name)) {
    using Reference = ElfW(Rela);
    struct Table {
        const Reference* begin;
        size_t size;
    } tables[2]{};
    size_t relative_count = 0;
    const ElfW(Sym)* symbols = nullptr;
    for (const ElfW(Dyn)* entry = object.dynamic; entry && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_RELA)
            tables[0].begin = in_memory<Reference>(object.base, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_RELASZ)
            tables[0].size = entry->d_un.d_val / sizeof(Reference);
        else if (entry->d_tag == DT_RELACOUNT)
            relative_count = entry->d_un.d_val;
        else if (entry->d_tag == DT_JMPREL)
            tables[1].begin = in_memory<Reference>(object.base, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_PLTRELSZ)
            tables[1].size = entry->d_un.d_val / sizeof(Reference);
        else if (entry->d_tag == DT_SYMTAB)
            symbols = in_memory<ElfW(Sym)>(object.base, entry->d_un.d_ptr);
    }
    const char* strings = strings_of(object);
    if (!symbols || !strings)
        return;
    for (const Table& table : tables) {
        for (size_t i = &table == tables ? relative_count : 0; table.begin && i < table.size; i++) {
            const Reference& reference = table.begin[i];
            auto* place = reinterpret_cast<void* const*>(object.base + reference.r_offset);
            if (reference.r_offset % alignof(void*) != 0 || reference.r_addend != 0 ||
                !is_in_our_object(*place))
                continue;
            const ElfW(Sym)& symbol = symbols[ELF64_R_SYM(reference.r_info)];
            if (ELF64_ST_BIND(symbol.st_info) == STB_WEAK && symbol.st_shndx == SHN_UNDEF)
                visit(place, strings + symbol.st_name);
        }
    }
}

Object object_called(const char* needed) {
    Object found{};
    each_object([&](const Object& object) {
        if (!object.dynamic || !Symbols(object).are_of(needed))
            return false;
        found = object;
        return true;
    });
    return found;
}

const char* run_path(const Object& object) {
    const char* strings = strings_of(object);
    for (const ElfW(Dyn)* entry = object.dynamic; strings && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_RUNPATH || entry->d_tag == DT_RPATH)
            return strings + entry->d_un.d_val;
    return nullptr;
}

Symbols::Symbols(const Object& object) : base_(object.base), file_(object.name) {
    const ElfW(Dyn)* soname = nullptr;
    for (const ElfW(Dyn)* entry = object.dynamic; entry && entry->d_tag != DT_NULL; entry++) {
        ElfW(Addr) pointer = entry->d_un.d_ptr;
        if (entry->d_tag == DT_SYMTAB)
            symbols_ = in_memory<Symbol>(base_, pointer);
        else if (entry->d_tag == DT_STRTAB)
            strings_ = in_memory<char>(base_, pointer);
        else if (entry->d_tag == DT_GNU_HASH)
            gnu_ = in_memory<uint32_t>(base_, pointer);
        else if (entry->d_tag == DT_HASH)
            sysv_ = in_memory<uint32_t>(base_, pointer);
        else if (entry->d_tag == DT_VERSYM)
            versions_ = in_memory<uint16_t>(base_, pointer);
        else if (entry->d_tag == DT_SONAME)
            soname = entry;
    }
    if (soname && strings_)
        soname_ = strings_ + soname->d_un.d_val;
}

void* Symbols::find(const char* name) const {
    if (!symbols_ || !strings_)
        return nullptr;
    uint32_t i = gnu_ ? in_gnu_hash(name) : sysv_ ? in_sysv_table(name) : none;
    return i != none ? reinterpret_cast<void*>(base_ + symbols_[i].st_value) : nullptr;
}

bool Symbols::are_of(const char* needed) const {
    return are_same(soname_ ? soname_ : file_name(file_), needed);
}

bool Symbols::is(uint32_t i, const char* name) const {
    return symbols_[i].st_shndx != SHN_UNDEF && are_same(strings_ + symbols_[i].st_name, name);
}

// https://flapenguin.me/elf-dt-gnu-hash describes the table. glibc's do_lookup_x reads it the same way. A name can be
// there in several versions, of which those that are hidden are for programs from long ago.
uint32_t Symbols::in_gnu_hash(const char* name) const {
    constexpr uint16_t hidden = 0x8000;
    uint32_t bucket_count = gnu_[0], first_symbol = gnu_[1], bloom_words = gnu_[2];
    const uint32_t* buckets = gnu_ + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t* chain = buckets + bucket_count;
    if (!bucket_count)
        return none;
    uint32_t hash = gnu_hash(name);
    constexpr uint32_t bits = 8 * sizeof(ElfW(Addr));
    ElfW(Addr) bloom = reinterpret_cast<const ElfW(Addr)*>(gnu_ + 4)[hash / bits % bloom_words];
    if (!(bloom >> hash % bits & bloom >> (hash >> gnu_[3]) % bits & 1))
        return none;
    uint32_t i = buckets[hash % bucket_count];
    if (i < first_symbol)
        return none;
    for (uint32_t former = none;; i++) {
        uint32_t entry = chain[i - first_symbol];
        if ((entry | 1) == (hash | 1) && is(i, name)) {
            if (!versions_ || !(versions_[i] & hidden))
                return i;
            former = i;
        }
        if (entry & 1)
            return former;
    }
}

// Objects that were linked with --hash-style=sysv have this table. Its second word is the number of symbols.
uint32_t Symbols::in_sysv_table(const char* name) const {
    for (uint32_t i = 1; i < sysv_[1]; i++)
        if (is(i, name))
            return i;
    return none;
}

void* definition_around(const void* address, const char* name, const char* former_name) {
    Symbols symbols(object_around(address));
    void* found = symbols.find(name);
    return found || !former_name ? found : symbols.find(former_name);
}

void* first_definition(const char* name) {
    void* found = nullptr;
    each_object([&](const Object& object) {
        if (!object.is_ours())
            found = Symbols(object).find(name);
        return found != nullptr;
    });
    return found;
}

void note_start_up() {
    int count = 0;
    each_at_start([&](const Object&) {
        count++;
        return false;
    });
    at_start = count;
}

bool are_found_without_lock() {
    return &loaded_objects;
}

// The objects of start-up come first in both lists, and stay.
void each_at_start(bool (*visit)(const Object& object, void* context), void* context) {
    int count = at_start;
    int left = count ? count : INT_MAX;
    if (!are_found_without_lock()) {
        each_object([&](const Object& object) { return left-- == 0 || visit(object, context); });
        return;
    }
    for (const link_map* map = loaded_objects.r_map; map && left-- > 0; map = map->l_next)
        if (visit({.name = map->l_name, .base = map->l_addr, .begin = 0, .end = 0, .dynamic = map->l_ld},
                  context))
            return;
}

void* definition_behind_us(const char* name) {
    void* found = nullptr;
    bool is_behind = false;
    each_at_start([&](const Object& object) {
        if (is_behind)
            found = Symbols(object).find(name);
        is_behind = is_behind || object.is_ours();
        return found != nullptr;
    });
    return found;
}

decltype(&dl_iterate_phdr) libcs_dl_iterate_phdr() {
    using Function = decltype(&dl_iterate_phdr);
    static constinit std::atomic<Function> known{nullptr};
    Function function = known.load(std::memory_order_relaxed);
    if (function)
        return function;
    if (are_found_without_lock()) {
        each_at_start([&](const Object& object) {
            Symbols symbols(object);
            if (!symbols.are_of("libc.so.6"))
                return false;
            function = reinterpret_cast<Function>(symbols.find("dl_iterate_phdr"));
            return true;
        });
    }
    if (!function)
        function = &dl_iterate_phdr;
    known.store(function, std::memory_order_relaxed);
    return function;
}

void* needed_definition(const Object& object, const char* name, int depth) {
    void* found = nullptr;
    if (!object.dynamic || depth == 0)
        return nullptr;
    each_needed(object, [&](const char* needed) {
        Object other = object_called(needed);
        if (!other.is_ours())
            found = Symbols(other).find(name);
        return found != nullptr;
    });
    if (found)
        return found;
    each_needed(object, [&](const char* needed) {
        found = needed_definition(object_called(needed), name, depth - 1);
        return found != nullptr;
    });
    return found;
}

} // namespace pqsweep::elf_symbols
