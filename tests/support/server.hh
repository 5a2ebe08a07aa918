// The tests' view of the PostgreSQL server, through a connection that no shim sees.
#pragma once

#include "tests/support/wait.hh"

#include <libpq-fe.h>
#include <memory>
#include <string>

namespace pqsweep::tests {

class Server {
public:
    Server();

    // Returns the first field of the first row, "" without rows. A statement that fails fails the test.
    std::string ask(const std::string& sql);
    // Returns the number of backends that serve a program with that PGAPPNAME and meet `condition`.
    int backends(const std::string& application, const std::string& condition = "true");
    // The promise: within a second of the tag change no such backend is left.
    bool is_clear_of(const std::string& application, const std::string& condition = "true") {
        return eventually([&] { return backends(application, condition) == 0; }, Milliseconds(1000));
    }
    bool has(const std::string& application, int count, const std::string& condition = "true") {
        return eventually([&] { return backends(application, condition) == count; });
    }

    // Returns what the server logged since the last call.
    std::string new_log();

    static std::string tls(); // conninfo of the TLS listener

private:
    std::unique_ptr<PGconn, decltype(&PQfinish)> conn_;
    std::string log_path_;
    long log_read_ = 0;
};

} // namespace pqsweep::tests
