// Starts an embedded Python at some time, and prints what dlerror() returns after each connect.
// link: -lpq
#include <cstdio>
#include <dlfcn.h>
#include <libpq-fe.h>

int main(int, char** argv) {
    PQconnectdb("");
    dlopen("nowhere.so", RTLD_NOW);
    PQconnectdb("");
    printf("%s\n", dlerror() ? "kept" : "lost");
    void* python = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    if (!python)
        return 2;
    auto initialize = reinterpret_cast<void (*)()>(dlsym(python, "Py_Initialize"));
    auto finalize = reinterpret_cast<int (*)()>(dlsym(python, "Py_FinalizeEx"));
    auto run = reinterpret_cast<int (*)(const char*, void*)>(dlsym(python, "PyRun_SimpleStringFlags"));
    PQconnectdb("");
    initialize();
    PQconnectdb("");
    int status = run("import ctypes\n"
                     "def connect():\n"
                     "    ctypes.CDLL('libpq.so.5').PQconnectdb(b'')\n"
                     "connect()\n",
                     nullptr);
    finalize();
    PQconnectdb("");
    return status;
}
