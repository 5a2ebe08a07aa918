#include "tools/launch/executable.hh"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <link.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace pqsweep::tools {

namespace fs = std::filesystem;

namespace {

std::string content_of(const std::string& file, size_t most) {
    std::ifstream stream(file, std::ios::binary);
    std::string bytes(most, 0);
    stream.read(bytes.data(), static_cast<std::streamsize>(most));
    bytes.resize(static_cast<size_t>(stream.gcount()));
    return bytes;
}

// Returns the program headers of an ELF file; none if it ends before them.
std::vector<ElfW(Phdr)> segments_of(std::ifstream& stream) {
    ElfW(Ehdr) header{};
    stream.read(reinterpret_cast<char*>(&header), sizeof header);
    std::vector<ElfW(Phdr)> segments(stream ? header.e_phnum : 0);
    stream.seekg(static_cast<std::streamoff>(header.e_phoff));
    stream.read(reinterpret_cast<char*>(segments.data()),
                static_cast<std::streamsize>(segments.size() * sizeof(ElfW(Phdr))));
    return stream ? segments : std::vector<ElfW(Phdr)>();
}

// Returns the loader that an ELF file asks for; nothing for a static program and for other kinds of files.
std::optional<std::string> loader_of(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    for (const ElfW(Phdr) & segment : segments_of(stream)) {
        if (segment.p_type != PT_INTERP)
            continue;
        std::string path(std::min<size_t>(segment.p_filesz, 4096), 0);
        stream.seekg(static_cast<std::streamoff>(segment.p_offset));
        stream.read(path.data(), static_cast<std::streamsize>(path.size()));
        return path.c_str();
    }
    return std::nullopt;
}

constexpr size_t identity_size = EI_NIDENT + 4; // what tells a file's kind: with e_type and e_machine

bool is_for_this_processor(const std::string& head) {
    std::string self = content_of("/proc/self/exe", identity_size);
    return head[EI_CLASS] == self[EI_CLASS] && head.substr(EI_NIDENT + 2) == self.substr(EI_NIDENT + 2);
}

// Returns the files that a command can mean, in the order in which execvp tries them.
std::vector<std::string> candidates(const std::string& command) {
    if (command.find('/') != std::string::npos)
        return {command};
    std::vector<std::string> all;
    const char* variable = getenv("PATH");
    std::string_view path = variable ? variable : "/bin:/usr/bin";
    while (true) {
        size_t end = std::min(path.find(':'), path.size());
        all.push_back(fmt::format("{}/{}", end ? path.substr(0, end) : ".", command));
        if (end == path.size())
            return all;
        path.remove_prefix(end + 1);
    }
}

// Returns the program that a "#!" line names. Looks through env if env does nothing but find it.
std::string interpreter_in(std::string line) {
    std::vector<std::string> words;
    for (char* word = strtok(line.data(), " \t"); word; word = strtok(nullptr, " \t"))
        words.emplace_back(word);
    if (words.empty())
        return "/bin/sh";
    auto program = words.begin();
    if (words[0].ends_with("/env"))
        program = std::find_if(words.begin() + 1, words.end(), [](const std::string& word) {
            return word != "-S" && word.find('=') == std::string::npos;
        });
    if (program == words.end() || program->starts_with("-"))
        program = words.begin();
    return find_program(*program).value_or(*program);
}

// The loader then ignores what LD_PRELOAD names outside the loader's own folders.
bool changes_privileges(const std::string& file) {
    struct stat status {};
    if (stat(file.c_str(), &status) != 0)
        return false;
    bool other_user = (status.st_mode & S_ISUID) && status.st_uid != getuid();
    bool other_group = (status.st_mode & S_ISGID) && status.st_gid != getgid();
    bool has_capabilities = getuid() != 0 && getxattr(file.c_str(), "security.capability", nullptr, 0) > 0;
    return other_user || other_group || has_capabilities;
}

} // namespace

std::optional<std::string> find_program(const std::string& command) {
    for (const std::string& candidate : candidates(command))
        if (access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate))
            return candidate;
    return std::nullopt;
}

std::string why_not_found(const std::string& command) {
    for (const std::string& candidate : candidates(command)) {
        if (fs::is_directory(candidate) && candidate == command)
            return "this is a folder";
        if (fs::is_regular_file(candidate))
            return fmt::format("{}it is not executable; is an interpreter to start it, or chmod +x missing?",
                               candidate == command ? "" : candidate + ": ");
    }
    bool is_here = command.find('/') == std::string::npos && fs::is_regular_file(command);
    return is_here ? fmt::format("there is no such program in PATH; is ./{} meant?", command)
                   : "there is no such program";
}

std::vector<std::string> interpreter_chain(const std::string& file) {
    std::vector<std::string> chain{file};
    while (chain.size() < 5) { // as deep as the kernel goes
        std::string head = content_of(chain.back(), 256);
        if (head.starts_with("#!"))
            chain.push_back(interpreter_in(head.substr(2, head.find('\n') - 2)));
        else if (chain.size() == 1 && !head.starts_with(ELFMAG) && head.find('\0') == std::string::npos)
            chain.emplace_back("/bin/sh");
        else
            break;
    }
    return chain;
}

std::string obstacle(const std::string& file) {
    if (!fs::exists(file))
        return file.ends_with('\r') ? "there is no such program; the lines of the script end as Windows' do"
                                    : "there is no such program";
    std::string head = content_of(file, identity_size);
    if (head.size() < identity_size || !head.starts_with(ELFMAG))
        return "it is not a program for Linux";
    if (!is_for_this_processor(head))
        return "it is for another kind of processor than libpqsweep.so; build a pqsweep of that kind";
    auto loader = loader_of(file);
    if (!loader)
        return "it is statically linked: there is no loader that would preload a library";
    if (loader->find("musl") != std::string::npos)
        return "it is for musl, and libpqsweep.so for glibc";
    if (changes_privileges(file))
        return "it changes its privileges (setuid, setgid or capabilities), and the loader ignores "
               "LD_PRELOAD for it; "
               "run it as the user it becomes";
    return "";
}

std::string unfit(const std::string& library) {
    std::string head = content_of(library, identity_size);
    if (head.size() < identity_size || !head.starts_with(ELFMAG))
        return "it is not a library for Linux; install pqsweep anew";
    if (!is_for_this_processor(head))
        return "it is for another kind of processor than this pqsweep; install the pqsweep of this kind";
    std::error_code error;
    auto size = fs::file_size(library, error);
    std::ifstream stream(library, std::ios::binary);
    auto segments = segments_of(stream);
    bool is_whole = std::ranges::all_of(
        segments, [&](const ElfW(Phdr) & segment) { return segment.p_offset + segment.p_filesz <= size; });
    return segments.empty() || !is_whole ? "its end is missing; install pqsweep anew" : "";
}

bool contains_libpq(const std::string& file) {
    std::error_code error;
    auto size = fs::file_size(file, error);
    return !error &&
           content_of(file, size).find("server closed the connection unexpectedly\n\tThis probably means") !=
               std::string::npos;
}

} // namespace pqsweep::tools
