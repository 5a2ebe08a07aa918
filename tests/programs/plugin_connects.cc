// Loads and unloads a plugin whose constructor and destructor connect in threads. It is without libgcc_s, as a C program is.
// link: -ldl -nodefaultlibs -lc -fno-sanitize=all
#include <cstdio>
#include <cstring>
#include <dlfcn.h>

int main(int, char** argv) {
    char path[4096];
    auto length = static_cast<int>(strrchr(argv[0], '/') - argv[0]);
    snprintf(path, sizeof path, "%.*s/pool.so", length, argv[0]);
    for (int i = 0; i < 2; i++) {
        void* handle = dlopen(path, RTLD_NOW);
        if (!handle || dlclose(handle) != 0)
            puts(dlerror());
    }
}
