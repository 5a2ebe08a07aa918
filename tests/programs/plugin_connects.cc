// Loads and unloads a plugin whose constructor and destructor connect in threads.
// link: -ldl
#include <cstdio>
#include <dlfcn.h>
#include <string>

int main(int, char** argv) {
    std::string dir = std::string(argv[0]).substr(0, std::string(argv[0]).rfind('/'));
    for (int i = 0; i < 2; i++) {
        void* handle = dlopen((dir + "/pool.so").c_str(), RTLD_NOW);
        if (!handle || dlclose(handle) != 0)
            puts(dlerror());
    }
}
