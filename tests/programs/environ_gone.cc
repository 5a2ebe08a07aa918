// A program points `environ` at memory that is gone, and never looks at it again.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <libpq-fe.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

char** unmapped() {
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page, 4096);
    return static_cast<char**>(page);
}

char** with_entry_gone() {
    static char* entries[] = {reinterpret_cast<char*>(unmapped()), nullptr};
    return entries;
}

} // namespace

int main(int, char** argv) {
    PGconn* c = PQconnectdb("");
    environ = strcmp(argv[1], "array") == 0 ? unmapped() : with_entry_gone();
    PGresult* result = PQexec(c, "select 1");
    puts(PQresultStatus(result) == PGRES_TUPLES_OK ? "all well" : PQerrorMessage(c));
    fflush(stdout);
    _exit(0);
}
