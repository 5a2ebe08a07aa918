// Measures what the shim adds to a call. Every benchmark runs twice: with the function of the library itself, and
// with the function that programs get. bench/run runs this under the shim, with libpq and with the fake one.
//
//   hooks [--benchmark_...]                   Google Benchmark; names are CALL/WAY/LIVE/USED/threads:T
//   hooks count CALL direct|hooked TIMES      only that many calls, for callgrind
#include <algorithm>
#include <benchmark/benchmark.h>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <libpq-fe.h>
#include <link.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

struct Calls {
    decltype(&::PQgetResult) get_result;
    decltype(&::PQconsumeInput) consume_input;
    decltype(&::PQsendQuery) send_query;
    decltype(&::PQexec) exec;
    decltype(&::PQconnectStart) connect_start;
    decltype(&::PQfinish) finish;
    decltype(&::setenv) set_variable;
    decltype(&::close) close_descriptor;
    decltype(&::socket) open_socket;
    decltype(&::dlsym) look_up;
};

constinit Calls direct{}, hooked{};

[[noreturn]] void die(const std::string& reason) {
    fprintf(stderr, "hooks: %s\n", reason.c_str());
    exit(2);
}

template<class T>
T dynamic(const link_map& map, ElfW(Sxword) tag) {
    for (const ElfW(Dyn)* entry = map.l_ld; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == tag && entry->d_un.d_ptr)
            return T(entry->d_un.d_ptr);
    die(std::string(map.l_name) + " has no symbols");
}

// Finds a function in the library's own symbol table, because the shim decides what dlsym() returns. Linkers put
// the strings behind the symbols.
void* defined_in(void* library, const char* name) {
    link_map* map = nullptr;
    if (!library || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0)
        die(std::string("no library to find ") + name + " in");
    auto* strings = dynamic<const char*>(*map, DT_STRTAB);
    auto* end = reinterpret_cast<const ElfW(Sym)*>(strings);
    for (auto* s = dynamic<const ElfW(Sym)*>(*map, DT_SYMTAB); s < end; s++)
        if (s->st_shndx != SHN_UNDEF && s->st_name < dynamic<size_t>(*map, DT_STRSZ) &&
            !strcmp(strings + s->st_name, name))
            return reinterpret_cast<void*>(map->l_addr + s->st_value);
    die(std::string(map->l_name) + " has no " + name);
}

template<class Function>
void resolve(void* library, const char* name, Function Calls::*member) {
    void* own = defined_in(library, name);
    void* seen = dlsym(RTLD_DEFAULT, name);
    if (own == seen)
        die(std::string(name) + " is not intercepted; bench/run preloads the shim");
    direct.*member = reinterpret_cast<Function>(own);
    hooked.*member = reinterpret_cast<Function>(seen);
}

void* loaded(const char* library) {
    return dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
}

// PQexec calls other exported functions, and these calls reach the shim even from the library's own PQexec. So the
// direct one comes from a second copy, in a namespace without the shim.
void resolve_all() {
    void* libpq = loaded("libpq.so.5");
    resolve(libpq, "PQgetResult", &Calls::get_result);
    resolve(libpq, "PQconsumeInput", &Calls::consume_input);
    resolve(libpq, "PQsendQuery", &Calls::send_query);
    resolve(dlmopen(LM_ID_NEWLM, "libpq.so.5", RTLD_LAZY), "PQexec", &Calls::exec);
    resolve(libpq, "PQconnectStart", &Calls::connect_start);
    resolve(libpq, "PQfinish", &Calls::finish);
    void* libc = loaded("libc.so.6");
    resolve(libc, "setenv", &Calls::set_variable);
    resolve(libc, "close", &Calls::close_descriptor);
    resolve(libc, "socket", &Calls::open_socket);
    resolve(libc, "dlsym", &Calls::look_up);
}

using Run = void (*)(const Calls&, PGconn*);

void get_result(const Calls& calls, PGconn* conn) {
    benchmark::DoNotOptimize(calls.get_result(conn));
}
void consume_input(const Calls& calls, PGconn* conn) {
    calls.consume_input(conn);
}
// A typical statement, because the shim reads the text.
constexpr char statement[] = "SELECT users.id, users.name FROM users WHERE users.id = $1 LIMIT 1";

void exec(const Calls& calls, PGconn* conn) {
    PQclear(calls.exec(conn, statement));
}
void send_query(const Calls& calls, PGconn* conn) {
    calls.send_query(conn, statement);
    while (PGresult* result = calls.get_result(conn))
        PQclear(result);
}
// A connection that the shim did not see opened.
void finish_unknown(const Calls& calls, PGconn*) {
    calls.finish(direct.connect_start(""));
}
void set_variable(const Calls& calls, PGconn*) {
    calls.set_variable("UNRELATED", "value", 1);
}
// A descriptor and a family that do not exist: the kernel has the least to do.
void close_nothing(const Calls& calls, PGconn*) {
    calls.close_descriptor(INT_MAX);
}
void open_nothing(const Calls& calls, PGconn*) {
    calls.open_socket(-1, 0, 0);
}
void look_up_libpqs(const Calls& calls, PGconn*) {
    static void* const libpq = loaded("libpq.so.5");
    benchmark::DoNotOptimize(calls.look_up(libpq, "PQexec"));
}
void look_up_other(const Calls& calls, PGconn*) {
    static void* const libc = loaded("libc.so.6");
    benchmark::DoNotOptimize(calls.look_up(libc, "getpid"));
}

// Holds the live connections of this process.
std::vector<PGconn*> pool;

void keep_live(size_t count) {
    for (; pool.size() > count; pool.pop_back())
        PQfinish(pool.back());
    while (pool.size() < count) {
        pool.push_back(PQconnectdb(""));
        if (PQstatus(pool.back()) != CONNECTION_OK)
            die(std::string("no connection: ") + PQerrorMessage(pool.back()));
    }
}

// Each thread uses one connection, or its share of all in turn.
size_t live_in(const benchmark::State& state) {
    return static_cast<size_t>(std::max(state.range(0), int64_t(state.threads())));
}
size_t share_in(const benchmark::State& state) {
    return state.range(1) == 1 ? 1 : live_in(state) / static_cast<size_t>(state.threads());
}

void set_up(const benchmark::State& state) {
    keep_live(live_in(state));
}

template<Run run>
void measure(benchmark::State& state, const Calls& calls) {
    size_t share = share_in(state);
    PGconn** mine = pool.data() + static_cast<size_t>(state.thread_index()) * share;
    size_t i = 0;
    for (auto _ : state) {
        run(calls, mine[i]);
        i = i + 1 < share ? i + 1 : 0;
    }
}

template<Run run>
void repeat(const Calls& calls, long times) {
    for (long i = 0; i < times; i++)
        run(calls, pool.front());
}

struct Case {
    template<Run run>
    static Case of(const char* call, std::vector<std::vector<int64_t>> live_and_used, int most_threads = 4) {
        return {call, measure<run>, repeat<run>, std::move(live_and_used), most_threads};
    }
    void add() const {
        for (auto [way, calls] : {std::pair("/direct", &direct), std::pair("/hooked", &hooked)})
            for (const std::vector<int64_t>& arguments : live_and_used)
                benchmark::RegisterBenchmark((std::string(call) + way).c_str(), measure_it, *calls)
                    ->Args(arguments)
                    ->DenseThreadRange(1, most_threads, 3)
                    ->Setup(set_up);
    }

    std::string_view call;
    void (*measure_it)(benchmark::State&, const Calls&);
    void (*repeat_it)(const Calls&, long times);
    std::vector<std::vector<int64_t>> live_and_used;
    int most_threads;
};

std::vector<Case> all_cases() {
    std::vector<std::vector<int64_t>> one{{1, 1}}, live{{1, 1}, {100, 1}, {10'000, 1}}, used = live;
    used.insert(used.end(), {{100, 100}, {10'000, 10'000}});
    return {Case::of<get_result>("PQgetResult", used),   Case::of<consume_input>("PQconsumeInput", live),
            Case::of<send_query>("PQsendQuery", live),   Case::of<exec>("PQexec", live),
            Case::of<finish_unknown>("PQfinish", live),  Case::of<close_nothing>("close", live),
            Case::of<open_nothing>("socket", live),      Case::of<look_up_libpqs>("dlsym-libpq", one),
            Case::of<look_up_other>("dlsym-other", one), Case::of<set_variable>("setenv", one, 1)};
}

void count(std::string_view call, const Calls& calls, long times) {
    keep_live(1);
    for (const Case& a_case : all_cases())
        if (a_case.call == call)
            a_case.repeat_it(calls, times);
    keep_live(0);
}

} // namespace

int main(int argc, char** argv) {
    resolve_all();
    if (argc == 5 && !strcmp(argv[1], "count")) {
        count(argv[2], strcmp(argv[3], "direct") ? hooked : direct, atol(argv[4]));
        return 0;
    }
    for (const Case& a_case : all_cases())
        a_case.add();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    keep_live(0);
}
