// Loads two plugins with RTLD_LOCAL, each with its own libpq: the system's, and a copy of another name whose texts
// say "INVALID". The program itself has none. With an argument it loads them with RTLD_DEEPBIND.
// link: -ldl
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>

using Answer = const char*(const char*, int, int (*)());

int main(int argc, char** argv) {
    std::string dir = std::string(argv[0]).substr(0, std::string(argv[0]).rfind('/'));
    int tag = 0;
    for (const char* name : {"/plugin.so", "/plugin_of_copy.so", "/plugin.so"}) {
        void* handle = dlopen((dir + name).c_str(), RTLD_NOW | RTLD_LOCAL | (argc > 1 ? RTLD_DEEPBIND : 0));
        if (!handle) {
            puts(dlerror());
            return 1;
        }
        auto* answer = reinterpret_cast<Answer*>(dlsym(handle, "plugin_answer"));
        setenv("PQSWEEP_TAG", std::to_string(tag++).c_str(), 1);
        printf("%.12s, ", answer("bogus=1", 0, nullptr));
        printf("[%s], ", answer("", 0, nullptr));
        printf("%.29s\n", answer("", 1, [] { return setenv("PQSWEEP_TAG", "changed", 1); }));
        dlclose(handle);
    }
}
