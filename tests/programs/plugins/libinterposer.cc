// Stands before the shim, as a sanitizer's runtime does: close and socket come to it from there.
// link: -ldl
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

extern "C" int close(int fd) {
    static auto next = reinterpret_cast<decltype(&close)>(dlsym(RTLD_NEXT, "close"));
    int result = next(fd);
    return result; // no tail call: the next one's caller is this object
}

extern "C" int socket(int domain, int type, int protocol) noexcept {
    static auto next = reinterpret_cast<decltype(&socket)>(dlsym(RTLD_NEXT, "socket"));
    int fd = next(domain, type, protocol);
    return fd;
}
