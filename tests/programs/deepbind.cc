// Loads plugins with RTLD_DEEPBIND: one that is to see its own functions instead of the host's, and one that needs a libpq
// through another library.
// link: -ldl -rdynamic
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <string>

extern "C" const char* version() {
    return "the host's";
}

int main(int, char** argv) {
    std::string dir = std::string(argv[0]).substr(0, std::string(argv[0]).rfind('/'));
    auto find_in = [&](const char* plugin, const char* name) {
        void* handle = dlopen((dir + plugin).c_str(), RTLD_NOW | RTLD_DEEPBIND);
        if (!handle)
            puts(dlerror());
        return handle ? dlsym(handle, name) : nullptr;
    };
    void* version_seen = find_in("/versioned.so", "version_seen");
    void* is_swept_by = find_in("/through_pqxx.so", "is_swept_by");
    if (!version_seen || !is_swept_by)
        return 1;
    printf("%s\n", reinterpret_cast<const char* (*)()>(version_seen)());
    auto change_tag = [] { setenv("PQSWEEP_TAG", "b", 1); };
    bool is_swept = reinterpret_cast<bool (*)(void (*)())>(is_swept_by)(change_tag);
    puts(is_swept ? "swept" : "not swept");
}
