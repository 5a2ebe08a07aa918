#include "shim/real/dependencies.hh"

#include "shim/base/environment.hh"
#include "shim/base/sys.hh"
#include "shim/base/text.hh"
#include "shim/real/elf_symbols.hh"
#include "shim/real/libpqs.hh"

#include <climits>
#include <cstring>
#include <elf.h>

namespace pqsweep::dependencies {

namespace {

using elf_symbols::Object;
using elf_symbols::Symbols;

#ifdef __x86_64__
constexpr int machine = EM_X86_64;
constexpr uintptr_t page = 4096;
constexpr std::string_view of_system =
    "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:/usr/lib64:/lib:/usr/lib";
#else
constexpr int machine = EM_AARCH64;
constexpr uintptr_t page = 65536;
constexpr std::string_view of_system =
    "/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:/lib64:/usr/lib64:/lib:/usr/lib";
#endif

constexpr uintptr_t page_of(uintptr_t address) {
    return address / page * page;
}

// A file that is mapped as the loader would map it, to be read only. Its object has no dynamic section if it is no shared
// object for this machine, or not whole.
class File {
public:
    explicit File(const char* path)
        : object_{.name = path, .base = 0, .begin = 0, .end = 0, .dynamic = nullptr} {
        int fd = sys::openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        is_there_ = fd >= 0;
        if (!is_there_)
            return;
        map(fd);
        sys::close(fd);
    }
    ~File() {
        if (memory_)
            sys::munmap(memory_, size_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    bool is_there() const { return is_there_; }
    const Object& object() const { return object_; }

private:
    void map(int fd) {
        constexpr int most_headers = 32;
        struct {
            ElfW(Ehdr) elf;
            ElfW(Phdr) programs[most_headers];
        } headers{};
        ElfW(Ehdr)& elf = headers.elf;
        struct stat status;
        ssize_t length = sys::read(fd, reinterpret_cast<char*>(&headers), sizeof headers);
        if (length < static_cast<ssize_t>(sizeof elf) || memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
            elf.e_machine != machine || elf.e_type != ET_DYN || elf.e_phoff != sizeof elf ||
            elf.e_phnum > most_headers || sys::fstat(fd, status) != 0)
            return;
        dl_phdr_info info{};
        info.dlpi_phdr = headers.programs;
        info.dlpi_phnum = elf.e_phnum;
        uintptr_t end = elf_symbols::object_in(info).end;
        for (int i = 0; i < elf.e_phnum; i++)
            if (headers.programs[i].p_offset + headers.programs[i].p_filesz >
                static_cast<uint64_t>(status.st_size))
                return;
        memory_ = static_cast<char*>(
            sys::mmap(nullptr, end, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        size_ = end;
        for (int i = 0; memory_ && i < elf.e_phnum; i++) {
            const ElfW(Phdr)& header = headers.programs[i];
            uintptr_t before = header.p_vaddr - page_of(header.p_vaddr);
            if (header.p_type == PT_LOAD && header.p_filesz &&
                !sys::mmap(memory_ + header.p_vaddr - before, header.p_filesz + before, PROT_READ,
                           MAP_PRIVATE | MAP_FIXED, fd, static_cast<off_t>(header.p_offset - before)))
                return;
        }
        info.dlpi_addr = reinterpret_cast<uintptr_t>(memory_);
        info.dlpi_name = object_.name;
        if (memory_)
            object_ = elf_symbols::object_in(info);
    }

    Object object_;
    bool is_there_ = false;
    char* memory_ = nullptr;
    size_t size_ = 0;
};

// Calls visit(part) for each part of a list that is separated by colons, until one call returns true.
template<class Visit>
bool each_part(std::string_view list, Visit visit) {
    while (!list.empty()) {
        size_t colon = list.find(':');
        if (visit(std::string_view(list.data(), colon == list.npos ? list.size() : colon)))
            return true;
        list.remove_prefix(colon == list.npos ? list.size() : colon + 1);
    }
    return false;
}

std::string_view directory_of(std::string_view path) {
    size_t slash = path.rfind('/');
    return slash == path.npos ? "." : std::string_view(path.data(), slash);
}

class Search {
public:
    // `name` has a slash, or is found as the loader finds what `parent` needs.
    bool leads_to_libpq(const char* name, const Object& parent, int depth) {
        if (left_-- <= 0 || depth == 0)
            return false;
        Object loaded = elf_symbols::object_called(name);
        if (loaded.dynamic)
            return object_leads(loaded, depth);
        if (strchr(name, '/'))
            return object_leads(File(name).object(), depth);
        bool leads = false;
        auto look_into = [&](std::string_view directory) {
            char path[1024];
            Text text(path, sizeof path - 1);
            if (starts_with(directory, "$ORIGIN") || starts_with(directory, "${ORIGIN}")) {
                text.raw(directory_of(parent.name));
                directory.remove_prefix(directory[1] == '{' ? 9 : 7);
            }
            path[text.raw(directory).raw("/").raw(name).size()] = 0;
            File file(path);
            leads = file.is_there() && object_leads(file.object(), depth);
            return file.is_there();
        };
        const char* set_by_user = environment::find("LD_LIBRARY_PATH");
        for (const char* list : {elf_symbols::run_path(parent), set_by_user})
            if (list && each_part(list, look_into))
                return leads;
        each_part(of_system, look_into);
        return leads;
    }

private:
    bool object_leads(const Object& object, int depth) {
        if (!object.dynamic || object.is_ours())
            return false;
        bool leads = real::is_libpq(Symbols(object));
        if (!leads)
            elf_symbols::each_needed(object, [&](const char* needed) {
                leads = starts_with(needed, "libpq.so") || leads_to_libpq(needed, object, depth - 1);
                return leads;
            });
        return leads;
    }

    int left_ = 300; // so many names are looked up at most
};

} // namespace

bool lead_to_libpq(const char* file, const void* caller) {
    constexpr int depth = 5;
    return Search().leads_to_libpq(file, elf_symbols::object_around(caller), depth);
}

} // namespace pqsweep::dependencies
