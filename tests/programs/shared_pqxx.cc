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

} // namespace

int main() {
    change_tag();
    pqxx::connection connection;
    connection.prepare("plus", "select $1::int + 1");
    pqxx::nontransaction(connection).exec("set extra_float_digits = -3");
    for (int i = 0; i < 10; i++) {
        change_tag();
        pqxx::work work(connection);
        std::cout << work.exec_prepared1("plus", i)[0].as<int>() << ' '
                  << work.exec1("show extra_float_digits")[0].c_str() << '\n';
        work.commit();
    }
    change_tag();
    std::cout << pqxx::nontransaction(connection).exec1("select 5")[0].as<int>() << '\n';
}
