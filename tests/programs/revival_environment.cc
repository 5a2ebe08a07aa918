// One thread adds variables to the environment, which moves it, while another uses a connection that is swept again and
// again. A program does not expect that such a use reads the environment, but libpq reads it when it connects.
// link: -lpq -pthread
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <libpq-fe.h>
#include <malloc.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace {

std::atomic<bool> is_over;

void add_variables() {
    for (int i = 0; !is_over && i < 5000; i++) {
        setenv(("VARIABLE_" + std::to_string(i)).c_str(), "value", 1);
        usleep(1);
    }
}

bool works(PGconn* c) {
    PGresult* result = PQexec(c, "select 1");
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return ok;
}

} // namespace

// Moves the environment each time, and unmaps the old one, so that no stale pointer can be read.
extern "C" void* realloc(void* old, size_t size) {
    void* fresh = malloc(size);
    if (!old || !fresh)
        return fresh;
    size_t had = malloc_usable_size(old);
    memcpy(fresh, old, std::min(had, size));
    for (volatile char* byte = static_cast<char*>(old); had-- > 0; byte++)
        *byte = 'U';
    free(old);
    return fresh;
}

int main() {
    for (int i = 0; i < 1000; i++)
        setenv(("EARLY_" + std::to_string(i)).c_str(), "value", 1);
    setenv("PQSWEEP_TAG", "0", 1);
    PGconn* c = PQconnectdb("");
    setenv("PQSWEEP_TAG", "0", 1);
    std::thread other(add_variables);
    constexpr int times = 100;
    int revived = 0;
    for (int i = 1; i <= times; i++) {
        setenv("PQSWEEP_TAG", std::to_string(i).c_str(), 1);
        revived += works(c);
    }
    is_over = true;
    other.join();
    PQfinish(c);
    puts(revived == times ? "all well" : "not revived");
}
