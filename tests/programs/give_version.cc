// give_version FROM TO copies a shared library and gives all symbols that it defines a version, as in Red Hat's libpq.
// Why not by a linker script: Debian has no package of libpq's objects.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <link.h>
#include <string>

namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Section = ElfW(Shdr);
using Dynamic = ElfW(Dyn);
using Symbol = ElfW(Sym);

constexpr ElfW(Half) number = 100; // above the numbers of the versions that libpq needs from others

struct Definitions {
    struct {
        ElfW(Verdef) version;
        ElfW(Verdaux) name;
    } all[2];
};

std::string image;

template<class T>
T* at(size_t offset) {
    return reinterpret_cast<T*>(image.data() + offset);
}

[[noreturn]] void fail(const char* why) {
    fprintf(stderr, "give_version: %s\n", why);
    exit(1);
}

template<class Matches>
Section* find_section(Matches matches) {
    auto* header = at<Header>(0);
    auto* sections = at<Section>(header->e_shoff);
    for (int i = 0; i < header->e_shnum; i++)
        if (matches(sections[i]))
            return &sections[i];
    fail("a section is missing");
}

ElfW(Word) elf_hash(const char* name) {
    ElfW(Word) hash = 0;
    for (; *name; name++) {
        hash = (hash << 4) + static_cast<unsigned char>(*name);
        hash = (hash ^ (hash & 0xf0000000) >> 24) & 0x0fffffff;
    }
    return hash;
}

} // namespace

int main(int, char** argv) {
    std::ifstream from(argv[1], std::ios::binary);
    image.assign(std::istreambuf_iterator<char>(from), {});
    Section* dynamic = find_section([](const Section& s) { return s.sh_type == SHT_DYNAMIC; });
    Section* versions = find_section([](const Section& s) { return s.sh_type == SHT_GNU_versym; });
    Section* symbols = find_section([](const Section& s) { return s.sh_type == SHT_DYNSYM; });
    Section* useless =
        find_section([](const Section& s) { return s.sh_type == SHT_PROGBITS && !s.sh_flags; });

    // The first segment has room until the next page begins.
    auto* segment = at<Segment>(at<Header>(0)->e_phoff);
    while (segment->p_type != PT_LOAD)
        segment++;
    size_t place = (segment->p_filesz + 7) / 8 * 8;
    if (segment->p_offset || image.find_first_not_of('\0', place) < place + sizeof(Definitions))
        fail("no room");
    segment->p_filesz = segment->p_memsz = place + sizeof(Definitions);

    auto* entry = at<Dynamic>(dynamic->sh_offset);
    size_t soname = 0;
    for (; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_SONAME)
            soname = entry->d_un.d_val;
    entry[0].d_tag = DT_VERDEF;
    entry[0].d_un.d_ptr = place;
    entry[1].d_tag = DT_VERDEFNUM;
    entry[1].d_un.d_val = 2;
    if (entry + 2 >= at<Dynamic>(dynamic->sh_offset + dynamic->sh_size))
        fail("no room for entries");

    // The library itself, and a version named "pq.so.5": the string table already has that text.
    auto* definitions = at<Definitions>(place);
    const char* strings = at<char>(at<Section>(at<Header>(0)->e_shoff)[symbols->sh_link].sh_offset);
    for (size_t i : {0, 1}) {
        auto& [version, name] = definitions->all[i];
        name.vda_name = static_cast<ElfW(Word)>(soname + (i ? strlen("lib") : 0));
        version.vd_version = VER_DEF_CURRENT;
        version.vd_flags = i ? 0 : VER_FLG_BASE;
        version.vd_ndx = i ? number : VER_NDX_GLOBAL;
        version.vd_cnt = 1;
        version.vd_hash = elf_hash(strings + name.vda_name);
        version.vd_aux = sizeof version;
        version.vd_next = i ? 0 : sizeof definitions->all[0];
    }
    for (size_t i = 1; i < symbols->sh_size / sizeof(Symbol); i++)
        if (at<Symbol>(symbols->sh_offset)[i].st_shndx != SHN_UNDEF)
            at<ElfW(Half)>(versions->sh_offset)[i] = number;

    // The linker reads sections, and not segments.
    useless->sh_type = SHT_GNU_verdef;
    useless->sh_flags = SHF_ALLOC;
    useless->sh_addr = useless->sh_offset = place;
    useless->sh_size = sizeof(Definitions);
    useless->sh_link = symbols->sh_link;
    useless->sh_info = 2;
    std::ofstream(argv[2], std::ios::binary) << image;
}
