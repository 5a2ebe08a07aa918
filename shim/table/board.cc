#include "shim/table/board.hh"

#include "shim/base/guards.hh"
#include "shim/base/proc_stat.hh"
#include "shim/base/program_file.hh"
#include "shim/base/stderr.hh"
#include "shim/table/table.hh"

#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pqsweep::board {

namespace {

constinit char path[1024]; // of this process's board; empty: it has none
constinit dev_t device;
constinit ino_t inode;
constinit bool has_warned;

// A descriptor that is closed behind the program's back, and by no cancelled thread left open.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0)
            syscall(SYS_close, fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    operator int() const { return fd_; }

private:
    int fd_;
};

int open_at(int directory, const char* name, int flags) {
    return static_cast<int>(
        syscall(SYS_openat, directory, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600));
}

// As much of the file as fits; "" where it can't be read.
std::string_view read_file(const char* name, char* buffer, size_t size) {
    Descriptor fd(open_at(AT_FDCWD, name, O_RDONLY));
    ssize_t n = fd < 0 ? -1 : syscall(SYS_read, int(fd), buffer, size);
    return {buffer, n > 0 ? static_cast<size_t>(n) : 0};
}

class Board {
public:
    explicit Board(Table& table) : table_(table) {
        Text name(name_, sizeof name_ - 1);
        name << getpid();
        name_[name.size()] = 0;
        Text fresh(fresh_name_, sizeof fresh_name_ - 1);
        fresh << getpid() << ".new";
        fresh_name_[fresh.size()] = 0;
        const char* base = getenv("XDG_RUNTIME_DIR");
        Text text(directory_, sizeof directory_ - sizeof name_ - 1);
        text.raw(base && *base == '/' ? base : "/tmp").raw("/").raw(directory_prefix)
            << static_cast<int64_t>(geteuid());
        directory_[text.size()] = 0;
    }

    // What failed, or null.
    const char* make() {
        if (mkdir(directory_, 0700) != 0 && errno != EEXIST)
            return strerrordesc_np(errno);
        Descriptor directory(open_at(AT_FDCWD, directory_, O_RDONLY | O_DIRECTORY));
        struct stat status;
        if (directory < 0 || fstat(directory, &status) != 0)
            return strerrordesc_np(errno);
        if (status.st_uid != geteuid() || status.st_mode & (S_IRWXG | S_IRWXO))
            return "not a directory of this user's alone";
        unlinkat(directory, fresh_name_, 0);
        Descriptor file(open_at(directory, fresh_name_, O_RDWR | O_CREAT | O_EXCL));
        if (file < 0)
            return strerrordesc_np(errno);
        if (fill(file) && renameat(directory, fresh_name_, directory, name_) == 0) {
            Text(path).raw(directory_).raw("/").raw(name_).raw({"\0", 1});
            return nullptr;
        }
        const char* reason = strerrordesc_np(errno);
        unlinkat(directory, fresh_name_, 0);
        return reason;
    }

    const char* directory() const { return directory_; }

private:
    bool fill(int file) {
        rlimit limit;
        if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < sizeof(Table)) {
            errno = EFBIG; // trying would raise a signal
            return false;
        }
        struct stat status;
        if (fchmod(file, 0600) != 0 || ftruncate(file, sizeof(Table)) != 0 || fstat(file, &status) != 0)
            return false;
        device = status.st_dev;
        inode = status.st_ino;
        identify();
        bool is_good = true;
        table_.each_part(
            [&](const Part& part, Backing& backing) { is_good = is_good && map(part, backing, file); });
        return is_good;
    }

    void identify() {
        Identity& self = table_.identity;
        memcpy(self.magic, magic, sizeof magic);
        self.layout = layout;
        self.pid = getpid();
        self.size = sizeof(Table);
        char buffer[1024];
        self.start_time = start_time_in(read_file("/proc/self/stat", buffer, sizeof buffer));
        struct stat status;
        self.pid_namespace = stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
        self.program[program_file(self.program, sizeof self.program - 1).size()] = 0;
    }

    // What the part has in it goes to the file first: the mapping that takes its place has it all at once.
    bool map(const Part& part, Backing& backing, int file) {
        auto offset = part.begin - reinterpret_cast<char*>(&table_);
        if (syscall(SYS_pwrite64, file, part.begin, part.used, offset) != static_cast<ssize_t>(part.used))
            return false;
        void* memory =
            mmap(part.begin, part.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, offset);
        return memory != MAP_FAILED && backing.start(part, file, static_cast<size_t>(offset));
    }

    Table& table_;
    char name_[16], fresh_name_[16];
    char directory_[sizeof path];
};

} // namespace

void share(Table& table) {
    KeepErrno keep;
    Board board(table);
    path[0] = 0;
    const char* reason = table::is_lost_in_forks() ? board.make() : "this kernel can't keep it from children";
    if (!reason)
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
    if (*path && lstat(path, &status) == 0 && status.st_dev == device && status.st_ino == inode)
        unlink(path);
}

bool unshare(Table& table) {
    bool is_good = true;
    table.each_part([&](const Part& part, Backing& backing) {
        void* copy = mmap(nullptr, part.size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (copy == MAP_FAILED) {
            is_good = false;
            return;
        }
        memcpy(copy, part.begin, part.used);
        backing.stop();
        is_good &=
            mremap(copy, part.size, part.size, MREMAP_MAYMOVE | MREMAP_FIXED, part.begin) != MAP_FAILED;
    });
    path[0] = 0;
    return is_good;
}

} // namespace pqsweep::board
