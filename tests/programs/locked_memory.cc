// Locks all that it maps, and prints by how many megabytes a connection makes that grow.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <libpq-fe.h>
#include <sys/mman.h>

namespace {

// Returns a size from /proc/self/status, in kB.
long kilobytes_of(const char* name) {
    FILE* file = fopen("/proc/self/status", "r");
    if (!file)
        exit(3);
    char line[128];
    long kilobytes = -1;
    while (kilobytes < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            kilobytes = atol(line + strlen(name));
    fclose(file);
    return kilobytes;
}

} // namespace

int main() {
    PQconninfoFree(PQconndefaults()); // libpq's own libraries are there
    if (mlockall(MCL_FUTURE) != 0) {
        puts("may not lock");
        return 0;
    }
    long locked = kilobytes_of("VmLck:"), resident = kilobytes_of("VmRSS:");
    PGconn* conn = PQconnectdb("sslmode=disable");
    printf("locked %ld MB, resident %ld MB, %s\n", (kilobytes_of("VmLck:") - locked) / 1024,
           (kilobytes_of("VmRSS:") - resident) / 1024,
           PQstatus(conn) == CONNECTION_OK ? "connected" : PQerrorMessage(conn));
    PQfinish(conn);
}
