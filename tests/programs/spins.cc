// Holds connections, and computes for ever: no call, no system call, no end.
// link: -lpq
#include <cstdio>
#include <libpq-fe.h>

int main() {
    for (int i = 0; i < 3; i++)
        PQconnectdb("");
    puts("computing");
    fflush(stdout);
    volatile unsigned n = 0;
    for (;;)
        n = n + 1;
}
