// Works with connections on little stack: a thread has 16 kB, as the least that pthreads allow, and a coroutine 8 kB. A page
// without access lies below, so that one byte too much ends the program.
// link: -lpq -pthread
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <libpq-fe.h>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

namespace {

PGconn* connection;
bool is_well = true;

void query() {
    PGresult* result = PQexec(connection, "select 1");
    is_well &= PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
}

void connect() {
    connection = PQconnectdb("sslmode=disable");
    is_well &= PQstatus(connection) == CONNECTION_OK;
}

void change_tag() {
    static char tag = 'a';
    const char text[] = {++tag, 0};
    setenv("PQSWEEP_TAG", text, 1);
}

void use() {
    query();
    change_tag();
    query();
    PGresult* result = PQexec(connection, "begin");
    PQclear(result);
    change_tag();
    result = PQexec(connection, "select 1");
    is_well &= PQresultStatus(result) == PGRES_FATAL_ERROR;
    PQclear(result);
    PQfinish(connection);
}

void in_thread(void (*work)()) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 16384);
    pthread_t thread{};
    auto run = [](void* function) -> void* {
        reinterpret_cast<void (*)()>(function)();
        return nullptr;
    };
    is_well &= pthread_create(&thread, &attributes, run, reinterpret_cast<void*>(work)) == 0 &&
               pthread_join(thread, nullptr) == 0;
}

void in_coroutine(void (*work)()) {
    constexpr size_t size = 8192, guard = 4096;
    auto* stack = static_cast<char*>(
        mmap(nullptr, guard + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(stack, guard, PROT_NONE);
    ucontext_t main{}, coroutine{};
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack + guard;
    coroutine.uc_stack.ss_size = size;
    coroutine.uc_link = &main;
    makecontext(&coroutine, work, 0);
    swapcontext(&main, &coroutine);
    munmap(stack, guard + size);
}

} // namespace

int main(int argc, char** argv) {
    setenv("PQSWEEP_TAG", "a", 1);
    if (argc > 1 && strcmp(argv[1], "coroutine") == 0) {
        in_coroutine(connect);
        in_coroutine(use);
    } else {
        in_thread(connect);
        in_thread(use);
    }
    puts(is_well ? "all well" : "not as expected");
}
