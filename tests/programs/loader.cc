// Calls the loader in the ways that programs do, and prints the results. With no tag set they are the same with
// pqsweep and without. The program itself has no libpq, and no setting loads one.
// link: -ldl
#include <cstdio>
#include <dlfcn.h>
#include <initializer_list>

namespace {

void show(const char* what, const void* found) {
    const char* error = dlerror();
    printf("%s: %s, %s\n", what, found ? "found" : "none", error ? error : "no error");
}

void* open(const char* name, int mode) {
    void* handle = dlopen(name, mode);
    if (!handle)
        printf("%s: %s\n", name, dlerror());
    return handle;
}

// The texts of dlerror() are left out: where only the shim has the function, they name it (shim/hooks/loader_hooks.cc).
void show_functions() {
    for (const char* name : {"PQconnectdb", "PQfinish", "PQstatus"})
        for (void* handle : {RTLD_DEFAULT, RTLD_NEXT, dlopen(nullptr, RTLD_NOW)})
            printf("%s: %s\n", name, dlsym(handle, name) ? "found" : "none");
    dlerror();
    for (const char* name : {"malloc", "no_such_function"})
        for (void* handle : {RTLD_DEFAULT, RTLD_NEXT, dlopen(nullptr, RTLD_NOW)})
            show(name, dlsym(handle, name));
}

using Connect = void*(const char*);
using Message = char*(void*);
using Finish = void(void*);

// The error text for a bad conninfo shows which libpq a handle belongs to.
void show_libpq(void* handle) {
    auto connect = reinterpret_cast<Connect*>(dlsym(handle, "PQconnectdb"));
    auto message = reinterpret_cast<Message*>(dlsym(handle, "PQerrorMessage"));
    auto finish = reinterpret_cast<Finish*>(dlsym(handle, "PQfinish"));
    void* c = connect("bogus=1");
    printf("%.12s\n", message(c));
    finish(c);
    show("newer than this libpq", dlsym(handle, "PQchangePassword"));
}

} // namespace

int main() {
    show_functions();

    void* libpq = open("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    void* copy = open("libqq.so.5", RTLD_NOW | RTLD_LOCAL); // found by this program's RUNPATH
    show_libpq(libpq);
    show_libpq(copy);
    open("libpq.so.5", RTLD_NOW | RTLD_GLOBAL);
    show_functions();
}
