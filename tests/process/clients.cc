// Drivers of many languages, each in its own idiom. tests/fixtures/clients/left_* open three connections, close one, leave
// one idle and one in a transaction, and print "open VERSION". They read a tag, set it as their language sets
// variables, and print "changed"; without a tag they skip that. They wait for a line, use both connections again and
// print the results: "idle: 42", and "transaction: " with the error.
#include "tests/support/files.hh"
#include "tests/support/program.hh"
#include "tests/support/server.hh"
#include "tests/support/skip.hh"

#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <sstream>

using namespace pqsweep::tests;

namespace {

struct Stack {
    const char* name;
    const char* reach; // how the driver reaches libpq's functions
    std::string command;
    // What the owner of a transaction sees. Some drivers print a text of their own, also when a server shuts down.
    const char* error = "terminating connection: pqsweep closed it";
    // What the owner of the idle connection sees. A loop that watches it can see its end before its owner uses it again.
    std::string idle = "42";
};

struct Outcome {
    std::string version, libpqs, idle, error;
    bool is_swept, is_revived;
};

Program start(const Stack& stack, Environment environment, Program::Shim shim) {
    environment["NODE_PATH"] = "build/clients/node_modules";
    std::istringstream words("/usr/bin/env " + stack.command);
    return Program({std::istream_iterator<std::string>(words), {}}, environment, shim);
}

std::string run_untagged(const Stack& stack, const Environment& where, Program::Shim shim) {
    Program client = start(stack, where, shim);
    int status = client.finish();
    return client.output() + client.errors() + "exit status " + std::to_string(status);
}

std::string after(const std::string& prefix, const std::string& line) {
    CHECK(line.starts_with(prefix));
    return line.starts_with(prefix) ? line.substr(prefix.size()) : line;
}

// Returns the versions of the libpqs that the client called, as it came to them. `witness` is what the shim wrote for
// `pqsweep doctor`.
std::string libpqs_in(const std::string& witness) {
    std::istringstream lines(witness);
    std::string versions;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string kind, pid, file;
        int version = 0;
        if (std::getline(fields, kind, '\t') && kind == "connect" && std::getline(fields, pid, '\t') &&
            std::getline(fields, file, '\t') && fields >> version)
            versions += (versions.empty() ? "" : ", ") + std::to_string(version / 10000) + "." +
                        std::to_string(version % 10000);
    }
    return versions;
}

Outcome run_tagged(const Stack& stack, Environment environment) {
    Server server;
    Folder folder("clients");
    const std::string witness = folder.path / "witness";
    write_text(witness, "");
    environment["PQSWEEP_WITNESS"] = witness;
    environment["PQSWEEP_TAG"] = "first";
    Program client = start(stack, environment, Program::Shim::preloaded);
    Outcome outcome;
    outcome.version = after("open ", client.read_line());
    CHECK(server.has(client.application(), 2));
    CHECK(server.has(client.application(), 1, "state = 'idle in transaction'"));
    CHECK(client.say("second") == "changed");
    outcome.is_swept = server.is_clear_of(client.application());
    outcome.idle = after("idle: ", client.say(""));
    outcome.error = after("transaction: ", client.read_line());
    CHECK(client.finish() == 0);
    outcome.libpqs = libpqs_in(text_of(witness));
    outcome.is_revived = client.errors().find("1 revived when") != std::string::npos;
    return outcome;
}

// tests/fixtures/clients/README.md shows the matrix.
void add_to_matrix(const Stack& stack, const std::string& cells) {
    static std::ofstream matrix(build_directory() + "/clients.md");
    if (matrix.tellp() == 0)
        matrix << "| stack | version | libpq | reached | swept | revived | error seen in a transaction |\n"
                  "|---|---|---|---|---|---|---|\n";
    matrix << "| " << stack.name << " | " << cells << " |" << std::endl;
}

std::string first_error(const std::string& output) {
    std::istringstream lines(output.substr(0, output.rfind("exit status")));
    std::string line, first;
    while (std::getline(lines, line) && line.find("rror") == std::string::npos)
        first = first.empty() ? line : first;
    return lines ? line : first;
}

void check(const Stack& stack) {
    if (!sanitizer_runtime().empty())
        SKIP("not built for a sanitizer's runtime: it refuses PHP and Lua, and finds races in node");
    const Environment unix_socket, tls{{"PGHOST", "127.0.0.1"}, {"PGSSLMODE", "require"}};
    std::string expected = run_untagged(stack, unix_socket, Program::Shim::absent);
    if (!expected.ends_with("exit status 0")) {
        std::string reason = first_error(expected);
        add_to_matrix(stack, "skipped: " + reason + " | | | | |");
        SKIP(reason);
    }
    CHECK(expected.find("idle: 42") != std::string::npos);
    CHECK(run_untagged(stack, unix_socket, Program::Shim::preloaded) == expected);
    CHECK(run_untagged(stack, tls, Program::Shim::preloaded) == expected);

    Outcome plain = run_tagged(stack, unix_socket), encrypted = run_tagged(stack, tls);
    CHECK(plain.is_swept);
    CHECK(encrypted.is_swept);
    CHECK(plain.idle == stack.idle);
    CHECK(encrypted.idle == stack.idle);
    CHECK(plain.error.find(stack.error) != std::string::npos);
    if (encrypted.error != plain.error) // tdbc shows the error of the call behind the one that was told
        CHECK(contains(encrypted.error, ": pqsweep closed it"));
    bool is_swept = plain.is_swept && encrypted.is_swept,
         is_usable = plain.idle == "42" && encrypted.idle == "42",
         is_revived = plain.is_revived && encrypted.is_revived;
    const char* revived = is_revived ? "yes" : is_usable ? "its pool reconnects" : "no";
    add_to_matrix(stack, plain.version + " | " + plain.libpqs + " | " + stack.reach + " | " +
                             (is_swept ? "yes" : "no") + " | " + revived + " | `" +
                             plain.error.substr(0, plain.error.find(": pqsweep")) + "`");
}

// A client that runs in Python with PyPI's packages.
std::string with_wheels(const std::string& arguments, const std::string& psycopg = "binary") {
    return "PSYCOPG_IMPL=" + psycopg + " build/clients/wheels/bin/python tests/fixtures/clients/" + arguments;
}

} // namespace

TEST_SUITE_BEGIN("clients");

TEST_CASE("psycopg2") {
    check({"psycopg2", "plugin", "/usr/bin/python3 tests/fixtures/clients/left_psycopg2.py"});
}

TEST_CASE("psycopg 3") {
    check({"psycopg 3", "dlsym", "/usr/bin/python3 tests/fixtures/clients/left_psycopg3.py"});
}

TEST_CASE("PyGreSQL") {
    check({"PyGreSQL", "plugin", "/usr/bin/python3 tests/fixtures/clients/left_pygresql.py"});
}

TEST_CASE("SQLAlchemy, psycopg2") {
    check({"SQLAlchemy, psycopg2", "plugin",
           "/usr/bin/python3 tests/fixtures/clients/left_sqlalchemy.py psycopg2"});
}

TEST_CASE("pyodbc, psqlODBC") {
    check({"pyodbc, psqlODBC", "plugin", "/usr/bin/python3 tests/fixtures/clients/left_pyodbc.py"});
}

TEST_CASE("ruby-pg") {
    check({"ruby-pg", "plugin", "/usr/bin/ruby tests/fixtures/clients/left_ruby_pg.rb"});
}

TEST_CASE("DBD::Pg") {
    check({"DBD::Pg", "plugin", "/usr/bin/perl tests/fixtures/clients/left_dbd_pg.pl"});
}

TEST_CASE("PHP pgsql") {
    check({"PHP pgsql", "plugin, RTLD_DEEPBIND", "php tests/fixtures/clients/left_pgsql.php"});
}

TEST_CASE("PHP PDO") {
    check({"PHP PDO", "plugin, RTLD_DEEPBIND", "php tests/fixtures/clients/left_pdo.php"});
}

TEST_CASE("libpqxx") {
    // 6.4: not connected; 7.10: Lost connection
    check({"libpqxx", "linked", build_directory() + "/programs/left_pqxx", "connect"});
}

TEST_CASE("LuaSQL") {
    check({"LuaSQL", "plugin", "lua5.3 tests/fixtures/clients/left_luasql.lua"});
}

TEST_CASE("Pgtcl") {
    check({"Pgtcl", "plugin", "tclsh tests/fixtures/clients/left_pgtcl.tcl"});
}

TEST_CASE("tdbc::postgres") {
    check({"tdbc::postgres", "dlsym", "tclsh tests/fixtures/clients/left_tdbc.tcl",
           "no connection to the server"});
}

TEST_CASE("node-libpq") {
    check({"node-libpq", "plugin", "node tests/fixtures/clients/left_node_libpq.js"});
}

TEST_CASE("node pg-native") {
    check({"node pg-native", "plugin", "node tests/fixtures/clients/left_pg_native.js"});
}

TEST_CASE("psycopg2-binary, a wheel") {
    check({"psycopg2-binary, a wheel", "plugin, its own", with_wheels("left_psycopg2.py")});
}

TEST_CASE("psycopg[binary], a wheel") {
    check({"psycopg[binary], a wheel", "plugin, its own", with_wheels("left_psycopg3.py")});
}

TEST_CASE("both wheels, and ctypes") {
    check({"both wheels, and ctypes", "plugins, their own; dlsym", with_wheels("left_several.py")});
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("heavy clients");

TEST_CASE("psycopg[c]") {
    check({"psycopg[c]", "plugin", with_wheels("left_psycopg3.py", "c")});
}

TEST_CASE("psycopg_pool, psycopg[binary]") {
    check({"psycopg_pool, psycopg[binary]", "plugin, its own", with_wheels("left_psycopg_pool.py")});
}

TEST_CASE("SQLAlchemy 2, psycopg2-binary") {
    check({"SQLAlchemy 2, psycopg2-binary", "plugin, its own", with_wheels("left_sqlalchemy.py psycopg2")});
}

TEST_CASE("SQLAlchemy 2, psycopg[binary]") {
    check({"SQLAlchemy 2, psycopg[binary]", "plugin, its own", with_wheels("left_sqlalchemy.py psycopg")});
}

TEST_CASE("Django 5, psycopg[binary]") {
    check({"Django 5, psycopg[binary]", "plugin, its own", with_wheels("left_django.py")});
}

TEST_CASE("peewee, psycopg2-binary") {
    check({"peewee, psycopg2-binary", "plugin, its own", with_wheels("left_peewee.py")});
}

TEST_CASE("aiopg, psycopg2-binary") {
    check({"aiopg, psycopg2-binary", "plugin, its own", with_wheels("left_aiopg.py"),
           "connection already closed"});
}

// No library can be preloaded before functions that are bound inside their file.
TEST_CASE("adbc-driver-postgresql, a wheel with a libpq hidden in it: doctor says so") {
    Program doctor({build_directory() + "/pqsweep", "doctor", "--", "build/clients/wheels/bin/python",
                    "tests/fixtures/clients/hidden_adbc.py"},
                   {}, Program::Shim::absent);
    int status = doctor.finish();
    if (!contains(doctor.output(), "connected\n"))
        SKIP("adbc-driver-postgresql is not installed");
    CHECK(status == 1);
    CHECK(contains(doctor.output(), "pqsweep doctor: no: "));
    CHECK(contains(doctor.output(), "libadbc_driver_postgresql.so has a libpq of its own in it"));
}

TEST_CASE("diesel") {
    check({"diesel", "linked", "build/clients/left_diesel"});
}

TEST_CASE("ActiveRecord, ruby-pg") {
    check({"ActiveRecord, ruby-pg", "plugin", "/usr/bin/ruby tests/fixtures/clients/left_activerecord.rb"});
}

TEST_CASE("Django, psycopg2") {
    check({"Django, psycopg2", "plugin", "/usr/bin/python3 tests/fixtures/clients/left_django.py"});
}

TEST_CASE("Qt QPSQL") {
    check({"Qt QPSQL", "plugin", "build/clients/left_qt"});
}

TEST_CASE("RPostgreSQL") {
    check({"RPostgreSQL", "plugin", "Rscript tests/fixtures/clients/left_rpostgresql.R"});
}

TEST_CASE("OCaml postgresql") {
    check({"OCaml postgresql", "linked", "build/clients/left_ocaml"});
}

TEST_CASE("Haskell postgresql-simple") {
    check({"Haskell postgresql-simple", "linked", "build/clients/left_haskell"});
}

TEST_SUITE_END();
