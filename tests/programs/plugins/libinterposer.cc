// Stands before the shim, as a sanitizer's runtime does: close and socket come to it from there.
// link: -ldl
#include <atomic>
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

// Counted after the call, so that it is no tail call, and the next one's caller is this object.
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
