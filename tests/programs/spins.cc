// Holds connections and computes for ever, without a call or a system call.
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
