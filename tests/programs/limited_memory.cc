// Connects with an address space that leaves room for libpq and for 20 MB of the program's own.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

constexpr size_t megabyte = 1 << 20;

// Returns the size of what is mapped, in bytes.
size_t address_space() {
    size_t pages = 0;
    FILE* file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%zu", &pages) != 1)
        exit(3);
    fclose(file);
    return pages * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

} // namespace

int main() {
    size_t size = address_space() + 60 * megabyte;
    rlimit limit{.rlim_cur = size, .rlim_max = size};
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 3;
    PGconn* conn = PQconnectdb("");
    void* own = malloc(20 * megabyte);
    PGresult* result = PQexec(conn, "select 1");
    bool works = PQresultStatus(result) == PGRES_TUPLES_OK;
    puts(!own ? "no memory" : works ? "works" : PQerrorMessage(conn));
    PQclear(result);
    free(own);
    PQfinish(conn);
}
