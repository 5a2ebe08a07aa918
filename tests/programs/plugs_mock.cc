// Has no libpq. It loads a stand-in for one, with RTLD_LOCAL and then with RTLD_GLOBAL, and a plugin that takes that.
// link: -ldl
#include <cstdio>
#include <dlfcn.h>
#include <string>

int main(int, char** argv) {
    std::string dir = std::string(argv[0]).substr(0, std::string(argv[0]).rfind('/'));
    auto ask_in = [&](const char* plugin, int mode) {
        void* handle = dlopen((dir + plugin).c_str(), RTLD_NOW | mode);
        if (!handle)
            return static_cast<const char*>(dlerror());
        return reinterpret_cast<const char* (*)()>(dlsym(handle, "ask"))();
    };
    puts(ask_in("/libmock.so", RTLD_LOCAL));
    puts(ask_in("/libmock.so", RTLD_GLOBAL));
    puts(ask_in("/asks.so", RTLD_LOCAL));
}
