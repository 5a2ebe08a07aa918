// libpqxx uses one connection for all modules, with a prepared statement and a setting.
// link: -lpqxx -lpq
#include <cstdlib>
#include <iostream>
#include <pqxx/pqxx>
#include <string>

namespace {

void change_tag() {
    static int number;
    setenv("PQSWEEP_TAG", std::to_string(number++).c_str(), 1);
}

// libpqxx 7.10 has a new way to execute prepared statements, and libpqxx 8 has it alone.
int plus(pqxx::work& work, int i) {
#if PQXX_VERSION_MAJOR >= 8 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
    return work.exec(pqxx::prepped{"plus"}, pqxx::params{i})[0][0].as<int>();
#else
    return work.exec_prepared("plus", i)[0][0].as<int>();
#endif
}

} // namespace

int main() {
    change_tag();
    pqxx::connection connection;
    connection.prepare("plus", "select $1::int + 1");
    pqxx::nontransaction(connection).exec("set extra_float_digits = -3");
    for (int i = 0; i < 10; i++) {
        change_tag();
        pqxx::work work(connection);
        std::cout << plus(work, i) << ' ' << work.exec("show extra_float_digits")[0][0].as<std::string>()
                  << '\n';
        work.commit();
    }
    change_tag();
    std::cout << pqxx::nontransaction(connection).exec("select 5")[0][0].as<int>() << '\n';
}
