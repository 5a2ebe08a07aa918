#include "tools/journal/symbols.hh"

#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>
#include <fcntl.h>
#include <gelf.h>
#include <map>
#include <memory>
#include <unistd.h>
#include <vector>

namespace pqsweep::tools {

namespace {

struct Function {
    uint64_t begin, size;
    std::string name;
};
using Functions = std::vector<Function>; // by address

// A stripped file has .dynsym only; any other file has .symtab, too.
void read_section(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, Functions& into) {
    Elf_Data* data = elf_getdata(section, nullptr);
    auto count = data && header.sh_entsize ? static_cast<int>(header.sh_size / header.sh_entsize) : 0;
    for (int i = 0; i < count; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
            (GELF_ST_TYPE(symbol.st_info) != STT_FUNC && GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC))
            continue;
        if (const char* name = elf_strptr(elf, header.sh_link, symbol.st_name))
            into.push_back({symbol.st_value, symbol.st_size, name});
    }
}

Functions read_functions(const std::string& file) {
    Functions functions;
    elf_version(EV_CURRENT);
    int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return functions;
    if (std::unique_ptr<Elf, decltype(&elf_end)> elf(elf_begin(fd, ELF_C_READ, nullptr), elf_end); elf)
        for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf.get(), section));) {
            GElf_Shdr header;
            if (gelf_getshdr(section, &header) &&
                (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
                read_section(elf.get(), section, header, functions);
        }
    close(fd);
    std::ranges::stable_sort(functions, {}, &Function::begin);
    return functions;
}

const Function* function_at(const std::string& file, uint64_t address) {
    static std::map<std::string, Functions> known;
    auto found = known.find(file);
    if (found == known.end())
        found = known.emplace(file, read_functions(file)).first;
    const Functions& functions = found->second;
    auto next = std::ranges::upper_bound(functions, address, {}, &Function::begin);
    while (next != functions.begin()) {
        --next;
        if (address - next->begin < next->size)
            return &*next;
        if (next->size)
            break;
    }
    return nullptr;
}

std::string demangled(const std::string& name) {
    int status = 0;
    std::unique_ptr<char, decltype(&free)> plain(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                 free);
    return plain ? plain.get() : name;
}

} // namespace

std::string symbolise(const std::string& frame) {
    size_t plus = frame.rfind("+0x");
    if (plus == std::string::npos)
        return frame;
    char* end = nullptr;
    uint64_t address = strtoull(frame.c_str() + plus + 1, &end, 16);
    std::string file = frame.substr(0, plus);
    const Function* function = *end ? nullptr : function_at(file, address);
    return function ? file.substr(file.rfind('/') + 1) + " " + demangled(function->name) : frame;
}

} // namespace pqsweep::tools
