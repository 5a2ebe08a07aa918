// A program has functions of its own with the names of libc's: those in the list, and all that libpq and what it needs do not call
// (tests/bin/libc-functions). None of them is meant for the shim: they end the program.
// link: -lpq -rdynamic
#include <cstdio>
#include <cstdlib>
#include <libpq-fe.h>
#include <unistd.h>

#define OWN(name)                                                                                            \
    extern "C" int own_##name() __asm__(#name);                                                              \
    extern "C" int own_##name() {                                                                            \
        constexpr char text[] = "the shim calls " #name "\n";                                                \
        (void)!write(STDOUT_FILENO, text, sizeof text - 1);                                                  \
        _exit(9);                                                                                            \
    }
OWN(shutdown)
OWN(mkdir)
OWN(mkdirat)
OWN(unlink)
OWN(unlinkat)
OWN(renameat)
OWN(kill)
OWN(ftruncate)
OWN(fallocate)
OWN(fchmod)
OWN(mremap)
OWN(dup3)
OWN(pipe2)
OWN(socketpair)
OWN(sched_yield)
OWN(nanosleep)
OWN(clone)
OWN(waitpid)
OWN(getppid)
OWN(uname)
OWN(syscall)
OWN(sigpending)
OWN(sigtimedwait)
OWN(openat)
OWN(pwrite64)
OWN(mincore)
#ifdef LIBC_FUNCTIONS // a file that make writes
#    include LIBC_FUNCTIONS
#endif

int main() {
    setenv("PQSWEEP_TAG", "a", 1);
    PGconn* idle = PQconnectdb("");
    PGconn* running = PQconnectdb("");
    PQsendQuery(running, "select pg_sleep(60)");
    setenv("PQSWEEP_TAG", "b", 1);
    PGresult* revived = PQexec(idle, "select 1");
    PGresult* lost = PQgetResult(running);
    bool is_well = PQresultStatus(revived) == PGRES_TUPLES_OK && PQresultStatus(lost) == PGRES_FATAL_ERROR;
    puts(is_well ? "all well" : "not as expected");
}
