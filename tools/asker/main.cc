// pqsweep-asker: asks a server one question, with the libpq that LD_PRELOAD names. README.md describes request and reply.
#include "shim/base/clock.hh"
#include "shim/base/text.hh"

// Each library brings a libc, which defines this; the program has none of its own. (The shim hides its libpq functions from programs that
// have no libpq.)
extern "C" [[gnu::weak]] int setenv(const char*, const char*, int);

// Functions of libpq, by its names, declared without its headers.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
[[gnu::weak]] void* PQconnectStartParams(const char* const*, const char* const*, int);
[[gnu::weak]] int PQconnectPoll(void*);
[[gnu::weak]] int PQstatus(void*);
[[gnu::weak]] int PQsocket(void*);
[[gnu::weak]] int PQserverVersion(void*);
[[gnu::weak]] int PQbackendPID(void*);
[[gnu::weak]] char* PQerrorMessage(void*);
[[gnu::weak]] int PQsendQuery(void*, const char*);
[[gnu::weak]] int PQconsumeInput(void*);
[[gnu::weak]] int PQisBusy(void*);
[[gnu::weak]] void* PQgetResult(void*);
[[gnu::weak]] int PQresultStatus(void*);
[[gnu::weak]] int PQntuples(void*);
[[gnu::weak]] char* PQgetvalue(void*, int, int);
[[gnu::weak]] void PQclear(void*);
[[gnu::weak]] void PQfinish(void*);
}
// NOLINTEND(readability-identifier-naming)

namespace pqsweep::asker {

namespace {

constexpr int peer = 0; // the descriptor of request and reply
constexpr int done = 0, no_library = 3;
// Values of libpq's enumerations, which are part of its ABI.
constexpr int connection_bad = 1, polling_failed = 0, polling_reading = 1, polling_writing = 2,
              polling_ok = 3, tuples_ok = 2;
constexpr size_t most_keywords = 64;

char request[256 * 1024]; // ends with two NUL bytes at least

bool is_whole() {
    return PQconnectStartParams && PQconnectPoll && PQstatus && PQsocket && PQserverVersion && PQbackendPID &&
           PQerrorMessage && PQsendQuery && PQconsumeInput && PQisBusy && PQgetResult && PQresultStatus &&
           PQntuples && PQgetvalue && PQclear && PQfinish;
}

size_t read_request() {
    size_t size = 0;
    ssize_t got = -EINTR;
    while ((got > 0 || got == -EINTR) && size + 2 < sizeof request) {
        got = sys::read(peer, request + size, sizeof request - 2 - size);
        size += got > 0 ? static_cast<size_t>(got) : 0;
    }
    return size;
}

void reply(std::string_view text) {
    while (!text.empty()) {
        ssize_t sent = sys::send(peer, text, MSG_NOSIGNAL);
        if (sent <= 0 && sent != -EINTR)
            return;
        text.remove_prefix(sent > 0 ? static_cast<size_t>(sent) : 0);
    }
}

void reply_error(const char* why) {
    reply("-");
    reply(why);
}

int64_t number_of(const char* digits) {
    int64_t number = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++)
        number = number * 10 + (*digits - '0');
    return number;
}

// The words of the request, one after the other; "" behind the last.
class Words {
public:
    const char* next() {
        const char* word = at_;
        if (word < request + sizeof request - 1)
            at_ += strlen(word) + 1;
        return word;
    }

private:
    const char* at_ = request;
};

bool wait(void* conn, short events, int64_t deadline) {
    if (sys::is_ready_within(PQsocket(conn), events, deadline - now()))
        return true;
    reply_error("it did not reply in time");
    return false;
}

// Returns whether the connection is open. If not, the reply says why.
bool connect(void* conn, int64_t deadline) {
    int next = conn && PQstatus(conn) != connection_bad ? polling_writing : polling_failed;
    for (; next != polling_ok; next = PQconnectPoll(conn)) {
        if (next == polling_failed) {
            reply_error(conn ? PQerrorMessage(conn) : "no memory");
            return false;
        }
        if (!wait(conn, next == polling_reading ? POLLIN : POLLOUT, deadline))
            return false;
    }
    return true;
}

// Returns the result that is not null yet; null if there is none, or if there is a reply that says why not.
void* next_result(void* conn, int64_t deadline, bool& has_failed) {
    while (PQisBusy(conn)) {
        has_failed = !wait(conn, POLLIN, deadline);
        if (has_failed)
            return nullptr;
        if (!PQconsumeInput(conn)) {
            has_failed = true;
            reply_error(PQerrorMessage(conn));
            return nullptr;
        }
    }
    return PQgetResult(conn);
}

void ask(void* conn, const char* sql, int64_t deadline) {
    if (!PQsendQuery(conn, sql))
        return reply_error(PQerrorMessage(conn));
    bool has_failed = false, has_value = false;
    while (void* result = next_result(conn, deadline, has_failed)) {
        if (PQresultStatus(result) == tuples_ok && PQntuples(result) == 1 && !has_value) {
            char digits[24];
            Text backend(digits);
            backend << PQbackendPID(conn);
            reply("+");
            reply(backend.view());
            reply("\n");
            reply(PQgetvalue(result, 0, 0));
            has_value = true;
        }
        PQclear(result);
    }
    if (!has_failed && !has_value)
        reply_error(PQerrorMessage(conn));
}

void act() {
    Words words;
    int64_t deadline = number_of(words.next());
    const char* keywords[most_keywords + 1] = {};
    const char* values[most_keywords + 1] = {};
    size_t count = 0;
    for (const char* word = words.next(); *word && count < most_keywords; word = words.next()) {
        keywords[count] = word;
        values[count++] = words.next();
    }
    void* conn = PQconnectStartParams(keywords, values, 0);
    if (connect(conn, deadline)) {
        const char* least = words.next();
        const char* sql = words.next();
        while (*least && PQserverVersion(conn) < number_of(least)) {
            least = words.next();
            sql = words.next();
        }
        ask(conn, sql, deadline);
    }
    if (conn)
        PQfinish(conn);
}

int run() {
    if (!setenv)
        return no_library;
    if (read_request() == 0)
        return done;
    if (!is_whole())
        return no_library;
    act();
    return done;
}

} // namespace

} // namespace pqsweep::asker

// The loader's way in: the stack is aligned otherwise than by a call.
extern "C" {
#ifdef __x86_64__
[[gnu::force_align_arg_pointer]]
#endif
void start() {
    pqsweep::sys::exit_group(pqsweep::asker::run());
}
}
