// A parent waits for the end of its child, and reads the child's stderr, a small pipe, only then. The child leaves many
// stragglers.
// link: -lpq
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <libpq-fe.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace {

int leave_stragglers() {
    for (int i = 0; i < 60; i++) {
        std::string tag = "tests/a_module_with_a_long_name_" + std::to_string(i) + ".py";
        setenv("PQSWEEP_TAG", tag.c_str(), 1);
        PQclear(PQexec(PQconnectdb(""), "begin"));
    }
    setenv("PQSWEEP_TAG", "end", 1);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1)
        return leave_stragglers();
    int ends[2];
    if (pipe(ends) != 0 || fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0)
        return 1;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        execl(argv[0], argv[0], "child", nullptr);
    }
    int status = 0;
    waitpid(child, &status, 0);
    puts(status == 0 ? "all well" : "the child failed");
}
