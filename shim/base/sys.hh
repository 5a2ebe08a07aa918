// System calls, made without libc. None of them changes errno, is a cancellation point, or can be replaced by a function
// of the program's or of a sanitizer's runtime.
//
// Each function has the name and the meaning of the system call. A failure is a negative errno: `-EINTR`.
// This file is the only place in the shim that enters the kernel. What the kernel writes has a value before the call, because
// analyzers do not see through the assembly.
// Context: any thread, signal handler. errno: kept. Locks: none.
#pragma once

#include <cerrno>
#include <concepts>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/utsname.h>

namespace pqsweep::sys {

namespace kernel {

inline long enter(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    long result = number;
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    register long r9 asm("r9") = f;
    asm volatile("syscall"
                 : "+a"(result)
                 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 asm("x8") = number;
    register long x0 asm("x0") = a;
    register long x1 asm("x1") = b;
    register long x2 asm("x2") = c;
    register long x3 asm("x3") = d;
    register long x4 asm("x4") = e;
    register long x5 asm("x5") = f;
    asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
    return x0;
#else
#    error "system calls are written for x86-64 and aarch64"
#endif
}

inline long word(const void* pointer) {
    return reinterpret_cast<long>(pointer);
}
template<std::integral T>
long word(T number) {
    return static_cast<long>(number);
}

template<class... Args>
long call(long number, Args... args) {
    const long words[6] = {word(args)...};
    return enter(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

template<class... Args>
int status(long number, Args... args) {
    return static_cast<int>(call(number, args...));
}

} // namespace kernel

// Files and descriptors.

inline int openat(int directory, const char* name, int flags, mode_t mode = 0) {
    return kernel::status(SYS_openat, directory, name, flags, mode);
}
inline int close(int fd) {
    return kernel::status(SYS_close, fd);
}
inline ssize_t read(int fd, char* buffer, size_t size) {
    return kernel::call(SYS_read, fd, buffer, size);
}
inline ssize_t write(int fd, std::string_view bytes) {
    return kernel::call(SYS_write, fd, bytes.data(), bytes.size());
}
inline ssize_t pwrite(int fd, std::string_view bytes, off_t offset) {
    return kernel::call(SYS_pwrite64, fd, bytes.data(), bytes.size(), offset);
}
inline int fcntl(int fd, int command, int argument) {
    return kernel::status(SYS_fcntl, fd, command, argument);
}
inline int dup3(int from, int to, int flags) {
    return kernel::status(SYS_dup3, from, to, flags);
}
inline int pipe2(int (&ends)[2], int flags) {
    ends[0] = ends[1] = -1;
    return kernel::status(SYS_pipe2, ends, flags);
}
inline int ioctl(int fd, unsigned long request, void* argument) {
    return kernel::status(SYS_ioctl, fd, request, argument);
}
inline int fstatat(int directory, const char* name, struct stat& status, int flags = 0) {
    status = {};
    return kernel::status(SYS_newfstatat, directory, name, &status, flags);
}
inline int fstat(int fd, struct stat& status) {
    return fstatat(fd, "", status, AT_EMPTY_PATH);
}
inline int fchmod(int fd, mode_t mode) {
    return kernel::status(SYS_fchmod, fd, mode);
}
inline int ftruncate(int fd, off_t size) {
    return kernel::status(SYS_ftruncate, fd, size);
}
inline int fallocate(int fd, int mode, off_t offset, off_t size) {
    return kernel::status(SYS_fallocate, fd, mode, offset, size);
}
inline int mkdirat(int directory, const char* name, mode_t mode) {
    return kernel::status(SYS_mkdirat, directory, name, mode);
}
inline int unlinkat(int directory, const char* name, int flags) {
    return kernel::status(SYS_unlinkat, directory, name, flags);
}
inline int renameat(int directory, const char* from, const char* to) {
    return kernel::status(SYS_renameat2, directory, from, directory, to, 0);
}
inline ssize_t readlinkat(int directory, const char* name, char* buffer, size_t size) {
    return kernel::call(SYS_readlinkat, directory, name, buffer, size);
}
// Calls visit(name) for each entry of a directory.
template<class Visit>
void each_entry(int directory, Visit visit) {
    struct Entry {
        uint64_t inode;
        int64_t offset;
        uint16_t size;
        unsigned char type;
        char name[1];
    };
    alignas(Entry) char entries[1024] = {};
    long length = 0;
    while ((length = kernel::call(SYS_getdents64, directory, entries, sizeof entries)) > 0)
        for (long at = 0; at < length;) {
            const auto* entry = reinterpret_cast<const Entry*>(entries + at);
            visit(entry->name);
            at += entry->size;
        }
}
// Returns the length with the NUL byte.
inline ssize_t getcwd(char* buffer, size_t size) {
    return kernel::call(SYS_getcwd, buffer, size);
}

// Returns whether `fd` has one of the events within that time, or an error to show.
inline bool is_ready_within(int fd, short events, int64_t nanoseconds) {
    constexpr int64_t second = 1'000'000'000;
    if (nanoseconds < 0)
        nanoseconds = 0;
    pollfd wanted{.fd = fd, .events = events, .revents = 0};
    // The kernel writes the time that is left, also if a signal comes.
    timespec time{.tv_sec = nanoseconds / second, .tv_nsec = nanoseconds % second};
    long ready = -EINTR;
    while (ready == -EINTR)
        ready = kernel::call(SYS_ppoll, &wanted, 1, &time, nullptr, 0);
    return ready == 1;
}

// Sockets.

inline int epoll_ctl(int set, int operation, int fd, epoll_event event) {
    return kernel::status(SYS_epoll_ctl, set, operation, fd, &event);
}
inline int socket(int domain, int type, int protocol) {
    return kernel::status(SYS_socket, domain, type, protocol);
}
inline int socketpair(int domain, int type, int protocol, int (&ends)[2]) {
    ends[0] = ends[1] = -1;
    return kernel::status(SYS_socketpair, domain, type, protocol, ends);
}
inline int shutdown(int fd, int how) {
    return kernel::status(SYS_shutdown, fd, how);
}
inline ssize_t send(int fd, std::string_view bytes, int flags) {
    return kernel::call(SYS_sendto, fd, bytes.data(), bytes.size(), flags, nullptr, 0);
}
inline int bind(int fd, const sockaddr* address, size_t size) {
    return kernel::status(SYS_bind, fd, address, size);
}
inline int connect(int fd, const sockaddr* address, size_t size) {
    return kernel::status(SYS_connect, fd, address, size);
}
inline int getsockname(int fd, sockaddr* address, unsigned& size) {
    return kernel::status(SYS_getsockname, fd, address, &size);
}
inline ssize_t recv(int fd, char* buffer, size_t size, int flags) {
    return kernel::call(SYS_recvfrom, fd, buffer, size, flags, nullptr, nullptr);
}
inline ssize_t sendmsg(int fd, const msghdr& message, int flags) {
    return kernel::call(SYS_sendmsg, fd, &message, flags);
}
template<class Value>
int getsockopt(int fd, int level, int name, Value& value) {
    socklen_t size = sizeof value;
    return kernel::status(SYS_getsockopt, fd, level, name, &value, &size);
}
template<class Value>
int setsockopt(int fd, int level, int name, const Value& value) {
    return kernel::status(SYS_setsockopt, fd, level, name, &value, sizeof value);
}

// Memory.

// Returns null for a failure.
inline void* mmap(void* place, size_t size, int protection, int flags, int fd, off_t offset) {
    long result = kernel::call(SYS_mmap, place, size, protection, flags, fd, offset);
    return result < 0 && result > -4096 ? nullptr : reinterpret_cast<void*>(result);
}
inline int munmap(void* memory, size_t size) {
    return kernel::status(SYS_munmap, memory, size);
}
inline int mprotect(void* memory, size_t size, int protection) {
    return kernel::status(SYS_mprotect, memory, size, protection);
}
inline int munlock(void* memory, size_t size) {
    return kernel::status(SYS_munlock, memory, size);
}
inline int madvise(void* memory, size_t size, int advice) {
    return kernel::status(SYS_madvise, memory, size, advice);
}
// Moves a mapping onto `place`.
inline int move_mapping(void* memory, size_t size, void* place) {
    long result = kernel::call(SYS_mremap, memory, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    return result < 0 && result > -4096 ? static_cast<int>(result) : 0;
}

// Returns whether the page at `place` is mapped.
inline bool is_mapped(const void* place) {
    constexpr uintptr_t page_size = 4096;
    unsigned char is_resident = 0;
    uintptr_t page = reinterpret_cast<uintptr_t>(place) / page_size * page_size;
    return kernel::call(SYS_mincore, page, 1, &is_resident) != -ENOMEM;
}

// Time.

inline timespec clock_gettime(clockid_t clock) {
    timespec time{};
    kernel::call(SYS_clock_gettime, clock, &time);
    return time;
}
inline void nanosleep(int64_t nanoseconds) {
    constexpr int64_t second = 1'000'000'000;
    timespec time{.tv_sec = nanoseconds / second, .tv_nsec = nanoseconds % second};
    kernel::call(SYS_nanosleep, &time, nullptr);
}
inline void sched_yield() {
    kernel::call(SYS_sched_yield);
}

// Signals. Bit n-1 of a set stands for signal n.

using SignalSet = uint64_t;
constexpr SignalSet set_of(int signal) {
    return SignalSet{1} << (signal - 1);
}
// libc's own signals are not among them: it cancels threads with the first, and has setuid() wait for the second.
constexpr SignalSet all_signals = ~(set_of(32) | set_of(33));

// Returns the former mask.
inline SignalSet rt_sigprocmask(int how, SignalSet set) {
    SignalSet former = 0;
#ifdef __SANITIZE_THREAD__
    // TSan's runtime holds signals back, and hands them out when the mask changes.
    static_assert(sizeof(SignalSet) <= sizeof(sigset_t));
    sigset_t wide{}, former_wide{};
    __builtin_memcpy(&wide, &set, sizeof set);
    pthread_sigmask(how, &wide, &former_wide);
    __builtin_memcpy(&former, &former_wide, sizeof former);
#else
    kernel::call(SYS_rt_sigprocmask, how, &set, &former, sizeof set);
#endif
    return former;
}
inline SignalSet rt_sigpending() {
    SignalSet pending = 0;
    kernel::call(SYS_rt_sigpending, &pending, sizeof pending);
    return pending;
}
// Takes one of `set` that is pending, without waiting. Returns its number.
inline int take_pending(SignalSet set) {
    constexpr timespec at_once{};
    return kernel::status(SYS_rt_sigtimedwait, &set, nullptr, &at_once, sizeof set);
}
inline int kill(pid_t process, int signal) {
    return kernel::status(SYS_kill, process, signal);
}

// The process.

inline pid_t getpid() {
    return kernel::status(SYS_getpid);
}
inline pid_t getppid() {
    return kernel::status(SYS_getppid);
}
inline uid_t geteuid() {
    return static_cast<uid_t>(kernel::call(SYS_geteuid));
}
inline int getrlimit(int resource, rlimit& limit) {
    limit = {};
    return kernel::status(SYS_prlimit64, 0, resource, nullptr, &limit);
}
inline int uname(utsname& names) {
    return kernel::status(SYS_uname, &names);
}
inline ssize_t getrandom(void* buffer, size_t size, unsigned flags) {
    return kernel::call(SYS_getrandom, buffer, size, flags);
}
[[noreturn]] inline void exit_group(int status) {
    for (;;)
        kernel::call(SYS_exit_group, status);
}
inline pid_t wait4(pid_t child, int options) {
    return kernel::status(SYS_wait4, child, nullptr, options, nullptr);
}

// Starts a process that runs work(context) on a stack that ends at `top`, and then ends. Returns its pid.
inline pid_t clone(long flags, char* top, void (*work)(void*), void* context) {
#if defined(__x86_64__)
    long result = SYS_clone;
    register long r10 asm("r10") = 0;
    register long r8 asm("r8") = 0;
    asm volatile("syscall\n\t"
                 "testq %%rax, %%rax\n\t"
                 "jnz 1f\n\t"
                 "movq %[context], %%rdi\n\t"
                 "xorl %%ebp, %%ebp\n\t"
                 "callq *%[work]\n\t"
                 "movl %[exit], %%eax\n\t"
                 "xorl %%edi, %%edi\n\t"
                 "syscall\n"
                 "1:"
                 : "+a"(result)
                 : "D"(flags), "S"(top), "d"(0l), "r"(r10),
                   "r"(r8), [work] "b"(work), [context] "r"(context), [exit] "i"(SYS_exit)
                 : "rcx", "r11", "memory", "cc");
    return static_cast<pid_t>(result);
#elif defined(__aarch64__)
    register long x8 asm("x8") = SYS_clone;
    register long x0 asm("x0") = flags;
    register long x1 asm("x1") = reinterpret_cast<long>(top);
    register long x2 asm("x2") = 0;
    register long x3 asm("x3") = 0;
    register long x4 asm("x4") = 0;
    register auto x9 asm("x9") = work;
    register void* x10 asm("x10") = context;
    asm volatile("svc 0\n\t"
                 "cbnz x0, 1f\n\t"
                 "mov x29, xzr\n\t"
                 "mov x0, x10\n\t"
                 "blr x9\n\t"
                 "mov x0, xzr\n\t"
                 "mov x8, %[exit]\n\t"
                 "svc 0\n"
                 "1:"
                 : "+r"(x0)
                 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x9), "r"(x10), [exit] "i"(SYS_exit)
                 : "memory", "cc");
    return static_cast<pid_t>(x0);
#endif
}

} // namespace pqsweep::sys
