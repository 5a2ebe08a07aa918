#include "tools/blockers/asker.hh"

#include "tools/blockers/question.hh"

#include <dlfcn.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <poll.h>

namespace pqsweep::tools::asker {

namespace {

// Values of libpq's enumerations, which are part of its ABI.
constexpr int connection_bad = 1, polling_failed = 0, polling_reading = 1, polling_ok = 3, tuples_ok = 2;

// The functions of a loaded libpq, by libpq's names, declared without its headers.
// NOLINTBEGIN(readability-identifier-naming)
struct Library {
    void* (*PQconnectStartParams)(const char* const*, const char* const*, int);
    int (*PQconnectPoll)(void*);
    int (*PQstatus)(void*);
    int (*PQsocket)(void*);
    int (*PQserverVersion)(void*);
    int (*PQbackendPID)(void*);
    char* (*PQerrorMessage)(void*);
    int (*PQsendQuery)(void*, const char*);
    int (*PQconsumeInput)(void*);
    int (*PQisBusy)(void*);
    void* (*PQgetResult)(void*);
    int (*PQresultStatus)(void*);
    int (*PQntuples)(void*);
    char* (*PQgetvalue)(void*, int, int);
    void (*PQclear)(void*);
    void (*PQfinish)(void*);
};
// NOLINTEND(readability-identifier-naming)

std::optional<Library> load(const OtherLibpq& other) {
    void* handle = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (std::string file = handle ? "" : other(); !file.empty())
        handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return std::nullopt;
    Library library{};
    bool is_whole = true;
    auto find = [&](auto& function, const char* name) {
        function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(handle, name));
        is_whole = is_whole && function;
    };
#define FIND(name) find(library.name, #name)
    FIND(PQconnectStartParams);
    FIND(PQconnectPoll);
    FIND(PQstatus);
    FIND(PQsocket);
    FIND(PQserverVersion);
    FIND(PQbackendPID);
    FIND(PQerrorMessage);
    FIND(PQsendQuery);
    FIND(PQconsumeInput);
    FIND(PQisBusy);
    FIND(PQgetResult);
    FIND(PQresultStatus);
    FIND(PQntuples);
    FIND(PQgetvalue);
    FIND(PQclear);
    FIND(PQfinish);
#undef FIND
    return is_whole ? std::optional(library) : std::nullopt;
}

class Connection {
public:
    Connection(const Library& libpq, const Conninfo& conninfo, Deadline deadline)
        : libpq_(libpq), deadline_(deadline) {
        std::vector<const char*> keywords, values;
        for (const auto& [keyword, value] : conninfo) {
            keywords.push_back(keyword.c_str());
            values.push_back(value.c_str());
        }
        keywords.push_back("application_name");
        values.push_back("pqsweep");
        keywords.push_back(nullptr);
        values.push_back(nullptr);
        conn_ = libpq_.PQconnectStartParams(keywords.data(), values.data(), 0);
        for (int next = conn_ && libpq_.PQstatus(conn_) != connection_bad ? 2 : polling_failed;
             next != polling_ok; next = libpq_.PQconnectPoll(conn_)) {
            if (next == polling_failed) {
                error_ = conn_ ? libpq_.PQerrorMessage(conn_) : "no memory";
                return;
            }
            if (!wait(next == polling_reading ? POLLIN : POLLOUT))
                return;
        }
        is_open_ = true;
    }
    ~Connection() {
        if (conn_)
            libpq_.PQfinish(conn_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool is_open() const { return is_open_; }
    const std::string& error() const { return error_; }
    int version() const { return libpq_.PQserverVersion(conn_); }
    int backend() const { return libpq_.PQbackendPID(conn_); }

    // The first value of the last result.
    std::optional<std::string> value_of(const std::string& sql) {
        if (!libpq_.PQsendQuery(conn_, sql.c_str())) {
            error_ = libpq_.PQerrorMessage(conn_);
            return std::nullopt;
        }
        std::optional<std::string> value;
        for (;;) {
            while (libpq_.PQisBusy(conn_)) {
                if (!wait(POLLIN))
                    return std::nullopt;
                if (!libpq_.PQconsumeInput(conn_)) {
                    error_ = libpq_.PQerrorMessage(conn_);
                    return std::nullopt;
                }
            }
            void* result = libpq_.PQgetResult(conn_);
            if (!result)
                return value;
            if (libpq_.PQresultStatus(result) == tuples_ok && libpq_.PQntuples(result) == 1)
                value = libpq_.PQgetvalue(result, 0, 0);
            else
                error_ = libpq_.PQerrorMessage(conn_);
            libpq_.PQclear(result);
        }
    }

private:
    bool wait(short events) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ -
                                                                          std::chrono::steady_clock::now());
        pollfd fd{libpq_.PQsocket(conn_), events, 0};
        if (left.count() > 0 && poll(&fd, 1, static_cast<int>(left.count())) > 0)
            return true;
        error_ = "it did not reply in time";
        return false;
    }

    const Library& libpq_;
    Deadline deadline_;
    void* conn_ = nullptr;
    bool is_open_ = false;
    std::string error_;
};

std::string failed(std::string why) {
    while (!why.empty() && why.back() == '\n')
        why.pop_back();
    return nlohmann::json{{"error", why}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

std::string ask(const Conninfo& conninfo, const OtherLibpq& other, Deadline deadline) {
    auto library = load(other);
    if (!library)
        return failed("no libpq can be loaded to ask with");
    Connection connection(*library, conninfo, deadline);
    if (!connection.is_open())
        return failed(connection.error());
    auto reply = connection.value_of(question(connection.version()));
    if (!reply)
        return failed(connection.error());
    auto json = nlohmann::json::parse(*reply, nullptr, false);
    if (json.is_object())
        json["pooled"] = json.value("backend", 0) == connection.backend() ? 0 : 1;
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool terminate(const Conninfo& conninfo, int backend, const OtherLibpq& other, Deadline deadline) {
    auto library = load(other);
    if (!library)
        return false;
    Connection connection(*library, conninfo, deadline);
    return connection.is_open() &&
           connection.value_of(fmt::format(
               "select pg_terminate_backend(pid) from pg_stat_activity where pid = {} and datname = "
               "current_database() and usename = session_user and (state <> 'active' or wait_event_type = "
               "'Client')",
               backend)) == "t";
}

} // namespace pqsweep::tools::asker
