#include "tests/support/server.hh"

#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>

namespace pqsweep::tests {

Server::Server() : conn_(PQconnectdb("application_name=pqsweep-tests"), PQfinish) {
    REQUIRE_MESSAGE(PQstatus(conn_.get()) == CONNECTION_OK, PQerrorMessage(conn_.get()));
    const char* path = getenv("TESTS_LOG");
    log_path_ = path ? path : "";
    new_log();
}

std::string Server::ask(const std::string& sql) {
    std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(conn_.get(), sql.c_str()), PQclear);
    ExecStatusType status = PQresultStatus(result.get());
    REQUIRE_MESSAGE((status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK),
                    PQresultErrorMessage(result.get()));
    return PQntuples(result.get()) ? PQgetvalue(result.get(), 0, 0) : "";
}

int Server::backends(const std::string& application, const std::string& condition) {
    return std::stoi(ask("select count(*) from pg_stat_activity where application_name = '" + application +
                         "' and (" + condition + ")"));
}

std::string Server::new_log() {
    std::ifstream log(log_path_);
    log.seekg(log_read_);
    std::string text(std::istreambuf_iterator<char>(log), {});
    log_read_ += static_cast<long>(text.size());
    return text;
}

std::string Server::tls() {
    const char* conninfo = getenv("TESTS_TLS");
    return conninfo ? conninfo : "";
}

} // namespace pqsweep::tests
