// Stands before the shim, as a sanitizer's runtime does, and forwards close and socket to it.
// link: -ldl
#include <atomic>
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

// Counts after the call: a tail call would hide this object from the function that it calls.
std::atomic<int> calls;

extern "C" int close(int fd) {
    static auto next = reinterpret_cast<decltype(&close)>(dlsym(RTLD_NEXT, "close"));
    int result = next(fd);
    calls++;
    return result;
}

extern "C" int socket(int domain, int type, int protocol) noexcept {
    static auto next = reinterpret_cast<decltype(&socket)>(dlsym(RTLD_NEXT, "socket"));
    int fd = next(domain, type, protocol);
    calls++;
    return fd;
}
