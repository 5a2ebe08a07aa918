#include "tools/journal/symbols.hh"

#include "tools/journal/function_name.hh"

#include <algorithm>
#include <cstdlib>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <filesystem>
#include <gelf.h>
#include <map>
#include <memory>
#include <unistd.h>

namespace pqsweep::tools {

namespace {

namespace fs = std::filesystem;

struct Function {
    uint64_t begin, size;
    std::string name;
};

// An ELF file, with its symbols and its debugging information.
class ObjectFile {
public:
    explicit ObjectFile(const std::string& name) : fd_(open(name.c_str(), O_RDONLY | O_CLOEXEC)) {
        elf_version(EV_CURRENT);
        elf_ = fd_ < 0 ? nullptr : elf_begin(fd_, ELF_C_READ, nullptr);
        if (!elf_)
            return;
        dwarf_ = dwarf_begin_elf(elf_, DWARF_C_READ, nullptr);
        read_symbols();
    }
    ~ObjectFile() {
        dwarf_end(dwarf_);
        elf_end(elf_);
        if (fd_ >= 0)
            close(fd_);
    }
    ObjectFile(const ObjectFile&) = delete;
    ObjectFile& operator=(const ObjectFile&) = delete;

    Dwarf* dwarf() const { return dwarf_; }

    std::string build_id() const {
        const void* bytes = nullptr;
        ssize_t size = elf_ ? dwelf_elf_gnu_build_id(elf_, &bytes) : 0;
        std::string text;
        for (ssize_t i = 0; i < size; i++)
            for (int shift : {4, 0})
                text += "0123456789abcdef"[static_cast<const unsigned char*>(bytes)[i] >> shift & 15];
        return text;
    }

    // The name of the file that a strip has put the debugging information into; empty: it says none.
    std::string debug_link() const {
        GElf_Word checksum = 0;
        const char* name = elf_ ? dwelf_elf_gnu_debuglink(elf_, &checksum) : nullptr;
        return name ? name : "";
    }

    const Function* function_at(uint64_t address) const {
        auto next = std::ranges::upper_bound(functions_, address, {}, &Function::begin);
        while (next != functions_.begin()) {
            --next;
            if (address - next->begin < next->size)
                return &*next;
            if (next->size)
                break;
        }
        return nullptr;
    }

private:
    // A stripped file has .dynsym only; any other file has .symtab, too.
    void read_symbols() {
        for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section));) {
            GElf_Shdr header;
            if (gelf_getshdr(section, &header) &&
                (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
                read_symbols_of(section, header);
        }
        std::ranges::stable_sort(functions_, {}, &Function::begin);
    }

    void read_symbols_of(Elf_Scn* section, const GElf_Shdr& header) {
        Elf_Data* data = elf_getdata(section, nullptr);
        auto count = data && header.sh_entsize ? static_cast<int>(header.sh_size / header.sh_entsize) : 0;
        for (int i = 0; i < count; i++) {
            GElf_Sym symbol;
            if (!gelf_getsym(data, i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
                (GELF_ST_TYPE(symbol.st_info) != STT_FUNC && GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC))
                continue;
            if (const char* name = elf_strptr(elf_, header.sh_link, symbol.st_name))
                functions_.push_back({symbol.st_value, symbol.st_size, name});
        }
    }

    int fd_;
    Elf* elf_ = nullptr;
    Dwarf* dwarf_ = nullptr;
    std::vector<Function> functions_; // by address
};

std::vector<std::string>& debug_folders() {
    static std::vector<std::string> folders{"/usr/lib/debug"};
    return folders;
}

// The files that know a module.
class Module {
public:
    Module(const std::string& path, std::string build_id) {
        auto own = std::make_unique<ObjectFile>(path);
        if (build_id.empty())
            build_id = own->build_id();
        std::string link = own->debug_link();
        if (own->build_id() == build_id)
            files_.push_back(std::move(own));
        constexpr size_t folder_digits = 2;
        if (build_id.size() <= folder_digits)
            return;
        for (const fs::path& folder : {fs::path(path).parent_path(), fs::path(path).parent_path() / ".debug"})
            if (auto linked = std::make_unique<ObjectFile>(folder / link); linked->build_id() == build_id)
                files_.push_back(std::move(linked));
        for (const std::string& folder : debug_folders())
            files_.push_back(std::make_unique<ObjectFile>(fs::path(folder) / ".build-id" /
                                                          build_id.substr(0, folder_digits) /
                                                          (build_id.substr(folder_digits) + ".debug")));
    }

    std::vector<NativeFrame> frames_at(uint64_t address) const;

private:
    std::vector<std::unique_ptr<ObjectFile>> files_;
};

// The compiler's table of addresses is not always there.
bool find_unit(Dwarf* dwarf, uint64_t address, Dwarf_Die& unit) {
    if (dwarf_addrdie(dwarf, address, &unit))
        return true;
    Dwarf_CU* next = nullptr;
    uint8_t kind = 0;
    while (dwarf_get_units(dwarf, next, &next, nullptr, &kind, &unit, nullptr) == 0)
        if ((kind == DW_UT_compile || kind == DW_UT_skeleton) && dwarf_haspc(&unit, address) > 0)
            return true;
    return false;
}

// Returns the unit that has the functions: with -gsplit-dwarf it is in a .dwo file.
Dwarf_Die functions_unit(Dwarf_Die unit) {
    Dwarf_Die split{};
    bool is_known = dwarf_cu_info(unit.cu, nullptr, nullptr, nullptr, &split, nullptr, nullptr, nullptr) == 0;
    return is_known && split.addr ? split : unit;
}

std::string name_of(Dwarf_Die& function) {
    Dwarf_Attribute attribute;
    for (unsigned int name : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name})
        if (const char* linkage = dwarf_formstring(dwarf_attr_integrate(&function, name, &attribute)))
            return short_function_name(linkage);
    const char* plain = dwarf_diename(&function);
    return plain ? plain : "";
}

int number_of(Dwarf_Die& die, unsigned int name) {
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    return dwarf_formudata(dwarf_attr(&die, name, &attribute), &value) == 0 ? static_cast<int>(value) : 0;
}

std::string tidy(const char* file) {
    return file ? fs::path(file).lexically_normal().string() : "";
}

// Appends what is around the address below `die`, the innermost first. dwarf_getscopes() does so, too, but not for a function that is
// inlined from another unit, as with -flto.
bool find_scopes(Dwarf_Die& die, uint64_t address, std::vector<Dwarf_Die>& scopes) {
    Dwarf_Die child;
    for (int is_none = dwarf_child(&die, &child); !is_none; is_none = dwarf_siblingof(&child, &child)) {
        if (dwarf_haspc(&child, address) > 0) {
            find_scopes(child, address, scopes);
            scopes.push_back(child);
            return true;
        }
        int tag = dwarf_tag(&child);
        bool has_no_addresses =
            tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type;
        if (has_no_addresses && find_scopes(child, address, scopes))
            return true;
    }
    return false;
}

// Returns the functions around the address, the innermost first. If the debugging information knows only the line, its function has
// no name; if it knows nothing, there is none.
std::vector<NativeFrame> inlined_frames(Dwarf* dwarf, uint64_t address) {
    std::vector<NativeFrame> frames;
    Dwarf_Die unit;
    if (!find_unit(dwarf, address, unit))
        return frames;
    Dwarf_Die functions = functions_unit(unit);
    std::vector<Dwarf_Die> scopes;
    find_scopes(functions, address, scopes);
    Dwarf_Line* line = dwarf_getsrc_die(&unit, address);
    NativeFrame place{
        .module = {}, .file = tidy(line ? dwarf_linesrc(line, nullptr, nullptr) : nullptr), .function = {}};
    if (line)
        dwarf_lineno(line, &place.line);
    Dwarf_Files* files = nullptr;
    dwarf_getsrcfiles(&functions, &files, nullptr);
    for (auto& scope : scopes) {
        int tag = dwarf_tag(&scope);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        place.function = name_of(scope);
        frames.push_back(place);
        if (tag == DW_TAG_subprogram)
            break;
        auto call_file = static_cast<size_t>(number_of(scope, DW_AT_call_file));
        place.file = tidy(files ? dwarf_filesrc(files, call_file, nullptr, nullptr) : nullptr);
        place.line = number_of(scope, DW_AT_call_line);
    }
    if (frames.empty() && place.line)
        frames.push_back(place);
    return frames;
}

std::vector<NativeFrame> Module::frames_at(uint64_t address) const {
    std::vector<NativeFrame> frames;
    const Function* function = nullptr;
    for (const auto& file : files_) {
        if (frames.empty() && file->dwarf())
            frames = inlined_frames(file->dwarf(), address);
        if (!function)
            function = file->function_at(address);
    }
    if (frames.empty() && function)
        frames.emplace_back();
    if (function)
        frames.back().function = short_function_name(function->name);
    return frames;
}

// Takes "build-id " away from the text, and returns the id.
std::string take_build_id(std::string_view& call) {
    size_t end = std::min(call.find_first_not_of("0123456789abcdef"), call.size());
    if (end == call.size() || call[end] != ' ')
        return "";
    std::string id(call.substr(0, end));
    call.remove_prefix(end + 1);
    return id;
}

std::vector<NativeFrame> read_frames(std::string_view call) {
    static std::map<std::pair<std::string, std::string>, Module> known;
    std::string build_id = take_build_id(call);
    std::vector<NativeFrame> frames;
    if (size_t plus = call.rfind("+0x"); plus != call.npos) {
        constexpr int hexadecimal = 16;
        std::string path(call.substr(0, plus)), offset(call.substr(plus + 1));
        char* end = nullptr;
        uint64_t address = strtoull(offset.c_str(), &end, hexadecimal);
        if (!*end)
            frames = known.try_emplace({path, build_id}, path, build_id).first->second.frames_at(address);
        for (NativeFrame& frame : frames)
            frame.module = path;
    }
    if (frames.empty())
        frames.push_back({.module = std::string(call), .file = {}, .function = {}});
    return frames;
}

} // namespace

const std::vector<NativeFrame>& symbolise(std::string_view call) {
    static std::map<std::string, std::vector<NativeFrame>, std::less<>> known;
    auto place = known.find(call);
    if (place == known.end())
        place = known.emplace(call, read_frames(call)).first;
    return place->second;
}

void search_for_debug_files(const std::string& folder) {
    debug_folders().push_back(folder);
}

bool has_debug_information(const std::string& file) {
    return ObjectFile(file).dwarf();
}

} // namespace pqsweep::tools
