// Uses a PGconn that no hook saw opened, as libpq can make for itself.
// link: -lpq -ldl
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <libpq-fe.h>

int main() {
    PGconn* tracked = PQconnectdb("");
    void* libpq = dlopen("libpq.so.5", RTLD_NOW | RTLD_NOLOAD);
    auto connect = reinterpret_cast<decltype(&PQconnectdb)>(dlsym(libpq, "PQconnectdb"));
    PGconn* unseen = connect("");
    setenv("PQSWEEP_TAG", "b", 1);
    PGresult* result = PQexec(tracked, "select 1");
    bool ok = PQresultStatus(result) == PGRES_FATAL_ERROR;
    PQclear(result);
    PQfinish(tracked);
    PQfinish(unseen);
    PQfinish(nullptr);
    ok &= PQgetResult(nullptr) == nullptr && PQexec(nullptr, "") == nullptr && PQflush(nullptr) == -1;
    puts(ok ? "all well" : "wrong");
}
