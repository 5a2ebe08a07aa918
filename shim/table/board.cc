#include "shim/table/board.hh"

#include "shim/base/environment.hh"
#include "shim/base/errors.hh"
#include "shim/base/proc_stat.hh"
#include "shim/base/program_file.hh"
#include "shim/base/stderr.hh"
#include "shim/base/sys.hh"
#include "shim/table/table.hh"

namespace pqsweep::board {

namespace {

constinit char path[1024]; // of this process's board; empty: it has none
constinit dev_t device;
constinit ino_t inode;
constinit bool has_warned;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0)
            sys::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    operator int() const { return fd_; }

private:
    int fd_;
};

int open_at(int directory, const char* name, int flags) {
    return sys::openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
}

// Returns as much of the file as fits; "" if it can't be read.
std::string_view read_file(const char* name, char* buffer, size_t size) {
    Descriptor fd(open_at(AT_FDCWD, name, O_RDONLY));
    ssize_t n = fd < 0 ? -1 : sys::read(fd, buffer, size);
    return {buffer, n > 0 ? static_cast<size_t>(n) : 0};
}

class Board {
public:
    explicit Board(Table& table) : table_(table) {
        Text name(name_, sizeof name_ - 1);
        name << sys::getpid();
        name_[name.size()] = 0;
        Text fresh(fresh_name_, sizeof fresh_name_ - 1);
        fresh << sys::getpid() << ".new";
        fresh_name_[fresh.size()] = 0;
        const char* base = environment::find("XDG_RUNTIME_DIR");
        Text text(directory_, sizeof directory_ - sizeof name_ - 1);
        text.raw(base && *base == '/' ? base : "/tmp").raw("/").raw(directory_prefix)
            << static_cast<int64_t>(sys::geteuid());
        directory_[text.size()] = 0;
    }

    // Returns the words for what failed; "" if nothing did.
    std::string_view make() {
        int made = sys::mkdirat(AT_FDCWD, directory_, 0700);
        if (made < 0 && made != -EEXIST)
            return words_for_error(made);
        Descriptor directory(open_at(AT_FDCWD, directory_, O_RDONLY | O_DIRECTORY));
        if (directory < 0)
            return words_for_error(directory);
        struct stat status;
        if (sys::fstat(directory, status) != 0 || status.st_uid != sys::geteuid() ||
            status.st_mode & (S_IRWXG | S_IRWXO))
            return "not a directory of this user's alone";
        sys::unlinkat(directory, fresh_name_, 0);
        Descriptor file(open_at(directory, fresh_name_, O_RDWR | O_CREAT | O_EXCL));
        if (file < 0)
            return words_for_error(file);
        int result = fill(file);
        if (result == 0)
            result = sys::renameat(directory, fresh_name_, name_);
        if (result == 0) {
            Text(path).raw(directory_).raw("/").raw(name_).raw({"\0", 1});
            return "";
        }
        sys::unlinkat(directory, fresh_name_, 0);
        return words_for_error(result);
    }

    const char* directory() const { return directory_; }

private:
    // Returns 0 or a negative errno.
    int fill(int file) {
        rlimit limit;
        if (sys::getrlimit(RLIMIT_FSIZE, limit) == 0 && limit.rlim_cur < table_.size())
            return -EFBIG; // to try would raise a signal
        struct stat status;
        int result = sys::fchmod(file, 0600);
        if (result == 0)
            result = sys::ftruncate(file, static_cast<off_t>(table_.size()));
        if (result == 0)
            result = sys::fstat(file, status);
        if (result != 0)
            return result;
        device = status.st_dev;
        inode = status.st_ino;
        identify();
        table_.each_part([&](const Part& part, Backing& backing) {
            if (result == 0)
                result = map(part, backing, file);
        });
        return result;
    }

    void identify() {
        Identity& self = table_.identity;
        memcpy(self.magic, magic, sizeof magic);
        self.layout = layout;
        self.pid = sys::getpid();
        self.size = table_.size();
        char buffer[1024];
        self.start_time = start_time_in(read_file("/proc/self/stat", buffer, sizeof buffer));
        struct stat status;
        self.pid_namespace = sys::fstatat(AT_FDCWD, "/proc/self/ns/pid", status) == 0 ? status.st_ino : 0;
        self.program[program_file(self.program, sizeof self.program - 1).size()] = 0;
    }

    // Writes what is in the part to the file first: the mapping that takes its place has it all at once. To write zeros, too,
    // allocates the first pages a hundred times faster than their first use in a mapping.
    int map(const Part& part, Backing& backing, int file) {
        auto offset = part.begin - reinterpret_cast<char*>(&table_);
        size_t size = part.used > part.first ? part.used : part.first;
        ssize_t written = sys::pwrite(file, {part.begin, size}, offset);
        if (written != static_cast<ssize_t>(size))
            return written < 0 ? static_cast<int>(written) : -ENOSPC;
        void* memory = map_by_page(part.begin, part.size, MAP_SHARED | MAP_FIXED, file, offset);
        return memory ? backing.start(part, file, static_cast<size_t>(offset)) : -ENOMEM;
    }

    Table& table_;
    char name_[16], fresh_name_[16];
    char directory_[sizeof path];
};

} // namespace

void share(Table& table) {
    Board board(table);
    path[0] = 0;
    std::string_view reason =
        process_page::is_lost_in_forks() ? board.make() : "this kernel can't keep it from children";
    if (reason.empty())
        return;
    unshare(table);
    if (has_warned)
        return;
    has_warned = true;
    char buffer[sizeof path + 200];
    Text text(buffer);
    text << "pqsweep: " << board.directory() << ": " << reason
         << "; this process can't be looked into, nor told anything, from outside";
    warn(text.newline().view());
}

void remove() {
    struct stat status;
    if (*path && sys::fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_dev == device &&
        status.st_ino == inode)
        sys::unlinkat(AT_FDCWD, path, 0);
}

bool unshare(Table& table) {
    bool is_good = true;
    table.each_part([&](const Part& part, Backing& backing) {
        void* copy = map_by_page(nullptr, part.size, MAP_PRIVATE | MAP_ANONYMOUS);
        if (!copy) {
            is_good = false;
            return;
        }
        memcpy(copy, part.begin, part.used);
        backing.stop();
        is_good &= sys::move_mapping(copy, part.size, part.begin) == 0;
    });
    path[0] = 0;
    return is_good;
}

} // namespace pqsweep::board
