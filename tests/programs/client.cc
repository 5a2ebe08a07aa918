// A libpq client reads commands from its standard input, one a line, and prints one line for each.
// It knows nothing of pqsweep: the tests drive it under the shim and look at it from outside.
// link: -lpq
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <libpq-events.h>
#include <libpq-fe.h>
#include <map>
#include <memory>
#include <poll.h>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace {

std::map<std::string, PGconn*> connections;
std::map<std::string, std::string> kept_entries; // putenv keeps the pointer

std::string events; // that an event procedure has seen

int see_event(PGEventId event, void*, void*) {
    constexpr const char* names[] = {"register", "reset", "finish", "create", "copy", "destroy"};
    events += names[event] + std::string(" ");
    return 1;
}

int notices = 0;

void see_notice(int* count, const char* text) {
    ++*count;
    std::cerr << "notice: " << text << std::flush;
}

std::string one_line(std::string text) {
    for (char& c : text)
        c = c == '\n' ? ' ' : c;
    return text;
}

std::string field(const PGresult* result, int code) {
    const char* text = PQresultErrorField(result, code);
    return text ? one_line(text) : "-";
}

std::string describe(PGconn* conn, PGresult* result) {
    if (!result)
        return "none";
    std::string text = PQresStatus(PQresultStatus(result));
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
        text += " " + field(result, PG_DIAG_SQLSTATE) + " | " + one_line(PQresultErrorMessage(result)) +
                " | " + field(result, PG_DIAG_MESSAGE_DETAIL) + " | " + field(result, PG_DIAG_MESSAGE_HINT);
    } else if (PQntuples(result) > 0 && PQnfields(result) > 0) {
        text += std::string(" ") + PQgetvalue(result, 0, 0);
    }
    PQclear(result);
    return text + (PQstatus(conn) == CONNECTION_BAD ? " bad" : "");
}

std::string state(PGconn* conn) {
    return PQstatus(conn) == CONNECTION_OK ? "ok" : "bad " + one_line(PQerrorMessage(conn));
}

std::string with_state(PGconn* conn, int answer) {
    return std::to_string(answer) + " " + state(conn);
}

std::string drive(PGconn* conn, PostgresPollingStatusType (*step)(PGconn*)) {
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        pollfd fd{PQsocket(conn), short(status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN), 0};
        poll(&fd, 1, 10000);
        status = step(conn);
    }
    return state(conn);
}

std::string open_params(PGconn*& conn, const std::string& conninfo) {
    const char* keywords[] = {"dbname", nullptr};
    const char* values[] = {conninfo.c_str(), nullptr};
    conn = PQconnectdbParams(keywords, values, 1);
    return state(conn);
}

// `text`: the type and the value of a parameter, in hexadecimal digits behind a backslash if it is binary, and then the statement.
std::string exec_typed(PGconn* conn, const std::string& text) {
    std::istringstream in(text);
    Oid type = 0;
    std::string value, sql;
    std::getline(in >> type >> value >> std::ws, sql);
    int is_binary = value.starts_with('\\');
    if (is_binary) {
        std::string bytes;
        for (size_t i = 1; i + 1 < value.size(); i += 2)
            bytes += static_cast<char>(std::stoi(value.substr(i, 2), nullptr, 16));
        value = bytes;
    }
    const char* values[] = {value.c_str()};
    int lengths[] = {static_cast<int>(value.size())};
    return describe(conn, PQexecParams(conn, sql.c_str(), 1, &type, values, lengths, &is_binary, 0));
}

using Action = std::function<std::string(PGconn*&, const std::string&)>;

const std::map<std::string, Action> actions = {
    {"open", [](auto& c, auto& text) { return state(c = PQconnectdb(text.c_str())); }},
    {"params", [](auto& c, auto& text) { return open_params(c, text); }},
    {"login",
     [](auto& c, auto&) {
         return state(c = PQsetdbLogin(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr));
     }},
    {"start",
     [](auto& c, auto& text) { return std::to_string(PQsocket(c = PQconnectStart(text.c_str())) >= 0); }},
    {"drive", [](auto& c, auto&) { return drive(c, PQconnectPoll); }},
    {"step", [](auto& c, auto&) { return std::to_string(PQconnectPoll(c)); }},
    {"reset", [](auto& c, auto&) { return PQreset(c), state(c); }},
    {"resetbegin", [](auto& c, auto&) { return PQresetStart(c), state(c); }},
    {"resetstart", [](auto& c, auto&) { return PQresetStart(c), drive(c, PQresetPoll); }},
    {"exec", [](auto& c, auto& sql) { return describe(c, PQexec(c, sql.c_str())); }},
    {"params1",
     [](auto& c, auto& sql) {
         return describe(c, PQexecParams(c, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0));
     }},
    {"typed", [](auto& c, auto& text) { return exec_typed(c, text); }},
    {"send", [](auto& c, auto& sql) { return std::to_string(PQsendQuery(c, sql.c_str())); }},
    {"sendparams",
     [](auto& c, auto& sql) {
         return std::to_string(PQsendQueryParams(c, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0));
     }},
    {"sendexecute",
     [](auto& c, auto& name) {
         return std::to_string(PQsendQueryPrepared(c, name.c_str(), 0, nullptr, nullptr, nullptr, 0));
     }},
    {"flush", [](auto& c, auto&) { return std::to_string(PQflush(c)); }},
    {"consume", [](auto& c, auto&) { return with_state(c, PQconsumeInput(c)); }},
    {"busy", [](auto& c, auto&) { return std::to_string(PQisBusy(c)); }},
    {"result", [](auto& c, auto&) { return describe(c, PQgetResult(c)); }},
    {"nonblocking", [](auto& c, auto&) { return std::to_string(PQsetnonblocking(c, 1)); }},
    {"single", [](auto& c, auto&) { return std::to_string(PQsetSingleRowMode(c)); }},
    {"put",
     [](auto& c, auto& text) { return std::to_string(PQputCopyData(c, text.c_str(), int(text.size()))); }},
    {"get",
     [](auto& c, auto&) {
         char* row = nullptr;
         int size = PQgetCopyData(c, &row, 0);
         PQfreemem(row);
         return std::to_string(size);
     }},
    {"putend", [](auto& c, auto&) { return std::to_string(PQputCopyEnd(c, nullptr)); }},
    {"pipeline", [](auto& c, auto&) { return std::to_string(PQenterPipelineMode(c)); }},
    {"flushrequest", [](auto& c, auto&) { return std::to_string(PQsendFlushRequest(c) && PQflush(c) == 0); }},
    {"sync", [](auto& c, auto&) { return std::to_string(PQpipelineSync(c)); }},
    {"lo", [](auto& c, auto&) { return with_state(c, lo_creat(c, 0x60000) > 0); }},
    {"prepare",
     [](auto& c, auto& sql) { return describe(c, PQprepare(c, "prepared", sql.c_str(), 0, nullptr)); }},
    {"parse", [](auto& c, auto& sql) { return describe(c, PQprepare(c, "", sql.c_str(), 0, nullptr)); }},
    {"execute",
     [](auto& c, auto& name) {
         return describe(c, PQexecPrepared(c, name.c_str(), 0, nullptr, nullptr, nullptr, 0));
     }},
    {"describe", [](auto& c, auto& name) { return describe(c, PQdescribePrepared(c, name.c_str())); }},
    {"notifies",
     [](auto& c, auto&) {
         PGnotify* notification = PQnotifies(c);
         std::string channel = notification ? notification->relname : "none";
         PQfreemem(notification);
         return channel;
     }},
    {"encoding", [](auto& c, auto& name) { return std::to_string(PQsetClientEncoding(c, name.c_str())); }},
    {"transaction",
     [](auto& c, auto&) { return std::string(PQtransactionStatus(c) == PQTRANS_IDLE ? "idle" : "other"); }},
    {"isnonblocking", [](auto& c, auto&) { return std::to_string(PQisnonblocking(c)); }},
    {"pipelinestatus", [](auto& c, auto&) { return std::to_string(PQpipelineStatus(c)); }},
    {"message", [](auto& c, auto&) { return one_line(PQerrorMessage(c)); }},
    {"parameter",
     [](auto& c, auto& name) {
         const char* value = PQparameterStatus(c, name.c_str());
         return std::string(value ? value : "none");
     }},
    {"status", [](auto& c, auto&) { return state(c); }},
    {"socket", [](auto& c, auto&) { return std::to_string(PQsocket(c)); }},
    {"backend", [](auto& c, auto&) { return std::to_string(PQbackendPID(c)); }},
    {"notices",
     [](auto& c, auto&) {
         PQsetNoticeProcessor(
             c, [](void* count, const char* text) { see_notice(static_cast<int*>(count), text); }, &notices);
         return std::string("ok");
     }},
    {"receiver",
     [](auto& c, auto&) {
         auto receive = [](void* count, const PGresult* notice) {
             see_notice(static_cast<int*>(count), PQresultErrorMessage(notice));
         };
         PQsetNoticeReceiver(c, receive, &notices);
         return std::string("ok");
     }},
    {"noticed", [](auto&, auto&) { return std::to_string(notices); }},
    {"events",
     [](auto& c, auto&) { return std::to_string(PQregisterEventProc(c, see_event, "see", nullptr)); }},
    {"seen", [](auto&, auto&) { return std::exchange(events, ""); }},
    {"descriptors",
     [](auto&, auto& most) {
         rlimit limit{std::stoul(most), std::stoul(most)};
         return std::to_string(setrlimit(RLIMIT_NOFILE, &limit));
     }},
    {"allocate", // megabytes
     [](auto&, auto& size) {
         size_t bytes = std::stoul(size) << 20;
         std::unique_ptr<char, decltype(&free)> memory(static_cast<char*>(malloc(bytes)), free);
         return std::string(memory && memset(memory.get(), 1, bytes) ? "ok" : "no memory");
     }},
    {"finish", [](auto& c, auto&) { return PQfinish(c), c = nullptr, std::string("ok"); }},
};

std::string set_environment(const std::string& command, const std::string& name, const std::string& value) {
    if (command == "setenv")
        return std::to_string(setenv(name.c_str(), value.c_str(), 1));
    if (command == "setenv0")
        return std::to_string(setenv(name.c_str(), value.c_str(), 0));
    if (command == "unsetenv")
        return std::to_string(unsetenv(name.c_str()));
    if (command == "clearenv")
        return std::to_string(clearenv());
    if (command == "putenv")
        return std::to_string(putenv((kept_entries[name + value] = name + "=" + value).data()));
    return "";
}

} // namespace

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string command, name, rest;
        words >> command >> name >> std::ws;
        std::getline(words, rest);
        if (command == "exit")
            return std::stoi(name);
        if (command == "_exit")
            _exit(std::stoi(name));
        auto action = actions.find(command);
        if (action != actions.end())
            std::cout << action->second(connections[name], rest) << std::endl;
        else
            std::cout << set_environment(command, name, rest) << std::endl;
    }
}
