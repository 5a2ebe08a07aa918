#include "shim/real/elf_symbols.hh"

#include "shim/real/libc_functions.hh"
#include "shim/real/loader_gate.hh"

#include <cstdint>
#include <cstring>
#include <elf.h>

namespace pqsweep::elf_symbols {

namespace {

using Symbol = ElfW(Sym);

uint32_t gnu_hash(const char* name) {
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + static_cast<unsigned char>(*name);
    return hash;
}

// The loader relocates the pointers in a dynamic section on most architectures, but not on all.
template<class T>
const T* in_memory(ElfW(Addr) base, ElfW(Addr) pointer) {
    return reinterpret_cast<const T*>(pointer < base ? base + pointer : pointer);
}

bool defined_as(const Symbol& symbol, const char* strings, const char* name) {
    return symbol.st_shndx != SHN_UNDEF && strcmp(strings + symbol.st_name, name) == 0;
}

// https://flapenguin.me/elf-dt-gnu-hash describes the table. glibc's do_lookup_x reads it the same way.
const Symbol* in_gnu_hash(const uint32_t* table, const Symbol* symbols, const char* strings,
                          const char* name) {
    uint32_t bucket_count = table[0], first_symbol = table[1], bloom_words = table[2];
    const uint32_t* buckets = table + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t* chain = buckets + bucket_count;
    if (!bucket_count)
        return nullptr;
    uint32_t hash = gnu_hash(name);
    constexpr uint32_t bits = 8 * sizeof(ElfW(Addr));
    ElfW(Addr) bloom = reinterpret_cast<const ElfW(Addr)*>(table + 4)[hash / bits % bloom_words];
    if (!(bloom >> hash % bits & bloom >> (hash >> table[3]) % bits & 1))
        return nullptr;
    uint32_t i = buckets[hash % bucket_count];
    if (i < first_symbol)
        return nullptr;
    for (;; i++) {
        uint32_t entry = chain[i - first_symbol];
        if ((entry | 1) == (hash | 1) && defined_as(symbols[i], strings, name))
            return &symbols[i];
        if (entry & 1)
            return nullptr;
    }
}

// Objects that were linked with --hash-style=sysv have this table. Its second word is the number of symbols.
const Symbol* in_sysv_table(const uint32_t* table, const Symbol* symbols, const char* strings,
                            const char* name) {
    for (uint32_t i = 1; i < table[1]; i++)
        if (defined_as(symbols[i], strings, name))
            return &symbols[i];
    return nullptr;
}

} // namespace

void* definition(ElfW(Addr) base, const ElfW(Dyn) * dynamic, const char* name) {
    const Symbol* symbols = nullptr;
    const char* strings = nullptr;
    const uint32_t *gnu = nullptr, *sysv = nullptr;
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        if (dynamic->d_tag == DT_SYMTAB)
            symbols = in_memory<Symbol>(base, dynamic->d_un.d_ptr);
        else if (dynamic->d_tag == DT_STRTAB)
            strings = in_memory<char>(base, dynamic->d_un.d_ptr);
        else if (dynamic->d_tag == DT_GNU_HASH)
            gnu = in_memory<uint32_t>(base, dynamic->d_un.d_ptr);
        else if (dynamic->d_tag == DT_HASH)
            sysv = in_memory<uint32_t>(base, dynamic->d_un.d_ptr);
    }
    if (!symbols || !strings || (!gnu && !sysv))
        return nullptr;
    const Symbol* symbol =
        gnu ? in_gnu_hash(gnu, symbols, strings, name) : in_sysv_table(sysv, symbols, strings, name);
    return symbol ? reinterpret_cast<void*>(base + symbol->st_value) : nullptr;
}

const ElfW(Dyn) * dynamic_of(const dl_phdr_info& info) {
    for (int i = 0; i < info.dlpi_phnum; i++)
        if (info.dlpi_phdr[i].p_type == PT_DYNAMIC)
            return reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + info.dlpi_phdr[i].p_vaddr);
    return nullptr;
}

unsigned long long objects_loaded() {
    loader_gate::Inside inside;
    unsigned long long count = 0;
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* adds) {
            *static_cast<unsigned long long*>(adds) = info->dlpi_adds;
            return 1;
        },
        &count);
    return count;
}

void* definition_around(const void* address, const char* name) {
    loader_gate::Inside inside;
    Dl_info info;
    link_map* map = nullptr;
    bool is_known = dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) && map;
    return is_known ? definition(map->l_addr, map->l_ld, name) : nullptr;
}

void* first_definition(const char* name) {
    loader_gate::Inside inside;
    struct Search {
        const char* name;
        void* found;
        char path[4096]; // empty for the program
    } search{name, nullptr, {}};
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* data) {
            auto& it = *static_cast<Search*>(data);
            if (const ElfW(Dyn)* dynamic = dynamic_of(*info))
                it.found = definition(info->dlpi_addr, dynamic, it.name);
            if (it.found)
                memcpy(it.path, info->dlpi_name, strnlen(info->dlpi_name, sizeof it.path - 1));
            return it.found ? 1 : 0;
        },
        &search);
    if (*search.path && !real::dlopen(search.path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE))
        return nullptr;
    return search.found;
}

} // namespace pqsweep::elf_symbols
